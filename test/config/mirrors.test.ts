/**
 * Promise: a mirror that some clients refuse, or that would count twice, is named when the configuration is read, and
 * what mirrors may use of the machine is in the file.
 */
import { expect } from 'chai';
import { filesOf } from '../../services/config/files.ts';
import { inspectConfig } from '../../services/config/load.ts';
import { shown } from '../../services/config/redact.ts';
import { bytesOf } from '../../services/config/size.ts';
import { MINIMAL, MIRRORED, parse, problemOf, withSection } from './configs.ts';

const noticesOf = (text: string) => parse(text).notices.filter((notice) => notice.startsWith('mirrors.'));
const at = (url: string, host = 'https://registry.example.org') =>
  MIRRORED.replace('url: https://one.example.net\n', `url: "${url}"\n`).replace(
    'https://registry.example.org',
    host,
  );

describe('mirrors that some clients refuse', () => {
  const plain = /^mirrors\.0\.url = http:.*: regctl, .*: expected an https URL$/;

  it('are those over plain HTTP for a registry with TLS', () => {
    expect(noticesOf(at('http://one.example.net'))).to.have.length(1);
    expect(noticesOf(at('http://one.example.net'))[0]).to.match(plain);
    expect(noticesOf(at('https://one.example.net'))).to.deep.equal([]);
    expect(noticesOf(at('http://one.example.net', 'http://registry.example.org'))).to.deep.equal([]);
    const byCertificate = at('http://one.example.net', 'http://registry.example.org').replace(
      'http: {addr: "127.0.0.1:5000"',
      'http: {addr: "127.0.0.1:5000", tls: {certificate: /c.pem, key: /k.pem}',
    );
    expect(noticesOf(byCertificate)[0]).to.match(plain);
  });

  for (const host of [
    ...['10.1.2.3', '172.16.0.1', '192.168.9.9', '127.0.0.2', '169.254.1.1', '0.0.0.0'],
    ...['[fd00::1]', '[fe80::1]', '[::1]', '[::ffff:10.1.2.3]'],
  ])
    it(`are those at a private address: ${host}`, () => {
      const [notice = '', ...others] = noticesOf(at(`https://${host}:8443`));
      expect(others).to.deep.equal([]);
      expect(notice).to.match(/^mirrors\.0\.url = .*: crane since 0\.21\.7, .*: expected a host name/);
    });

  for (const host of ['198.51.100.7', '[2001:db8::7]', 'localhost', 'mirror.lan', '10.example.net'])
    it(`are not those at a public address, or with a name: ${host}`, () => {
      expect(noticesOf(at(`https://${host}:8443`))).to.deep.equal([]);
    });

  for (const host of ['10.1.2.3', '[fd00::1]'])
    it(`are not those at the registry's own address: ${host}`, () => {
      const same = at(`https://${host}:8443`, `https://${host}`);
      expect(noticesOf(same.replace('name: one', 'name: one\n    sameoperator: true'))).to.deep.equal([]);
    });

  it('are not those at the address that a registry without a name listens at', () => {
    const nameless = at('http://127.0.0.1:8443').replace(', host: "https://registry.example.org"', '');
    expect(noticesOf(nameless.replace('name: one', 'name: one\n    sameoperator: true'))).to.deep.equal([]);
    expect(noticesOf(nameless.replace('127.0.0.1:8443', '127.0.0.2:8443'))).to.have.length(1);
  });
});

describe('two mirrors at one URL', () => {
  const two = (url: string) => `${MIRRORED}  - {name: two, url: "${url}", write: {directory: /two}}`;

  for (const url of ['https://one.example.net', 'https://ONE.example.net/', 'https://one.example.net:443//'])
    it(`are refused: ${url}`, () => {
      expect(problemOf(two(url))).to.match(
        /^mirrors\.1\.url = https:\/\/one\.example\.net: the mirror one has the same/,
      );
    });

  it('are taken at two paths, or two ports', () => {
    for (const url of ['https://one.example.net/two', 'https://one.example.net:8443']) parse(two(url));
  });
});

describe('the certificate at the URL of a mirror', () => {
  it('may be signed by authorities in files, which are read when the sync process starts', () => {
    const config = parse(MIRRORED.replace('name: one', 'name: one\n    rootcas: [/a.pem, /b.pem]'));
    const files = filesOf(config).filter(({ key }) => key.startsWith('mirrors.'));
    expect(files).to.deep.equal([
      { key: 'mirrors.0.rootcas.0', path: '/a.pem', kind: 'certificates', readers: ['sync'] },
      { key: 'mirrors.0.rootcas.1', path: '/b.pem', kind: 'certificates', readers: ['sync'] },
    ]);
  });

  it('has no authorities without TLS', () => {
    const text = at('http://one.example.net').replace('name: one', 'name: one\n    rootcas: [/a.pem]');
    expect(problemOf(text)).to.match(/^mirrors\.0\.url = http:.*rootcas are for TLS only: expected an https/);
  });
});

describe('sizes', () => {
  it('have units of ten and of two', () => {
    expect(['0', '17', '1kB', '100MB', '1.5 GB', '2TB'].map(bytesOf)).to.deep.equal([
      ...[0, 17, 1000, 100_000_000, 1_500_000_000, 2_000_000_000_000],
    ]);
    expect(['1KiB', '8GiB', '0.5MiB', '1TiB'].map(bytesOf)).to.deep.equal([
      ...[1024, 8 * 2 ** 30, 2 ** 19, 2 ** 40],
    ]);
    for (const text of ['', 'MB', '-1', '1e9', '1mb', '1 kb', '1Mb', '0x10', '1..5MB', '99999999TB', '1MB/s'])
      expect(bytesOf(text), text).to.equal(undefined);
  });

  it('are refused with what was expected', () => {
    expect(problemOf(withSection('sync: {bandwidth: fast}'))).to.equal(
      'sync.bandwidth = "fast": expected a size such as 500MB or 8GiB, or a number of bytes',
    );
    expect(problemOf(withSection('sync: {bandwidth: 0}'))).to.match(/expected 1kB \(per second\) at least$/);
    expect(problemOf(withSection('sync: {spool: {maxsize: -1}}'))).to.match(/expected a size/);
    expect(parse(withSection('sync: {spool: {maxsize: 0}}')).sync.spool.maxsize).to.equal(0);
  });
});

describe('the limits of all mirrors together', () => {
  it('have defaults, and none for the bandwidth', () => {
    expect(parse(MINIMAL).sync).to.deep.equal({
      ...{ uploads: 32, spool: { maxsize: 8 * 2 ** 30 }, notices: { headers: {} } },
    });
    expect(parse(MIRRORED).mirrors[0]).to.deep.include({
      ...{ verify: 'full', reverify: 30 * 86_400_000, rootcas: [] },
    });
  });

  it('are more than nothing', () => {
    for (const keys of ['uploads: 0', 'notices: {command: []}', 'notices: {webhook: "ftp://a.example"}'])
      expect(problemOf(withSection(`sync: {${keys}}`))).to.match(/^sync\./);
    expect(problemOf(MIRRORED.replace('name: one', 'name: one\n    reverify: 10ms'))).to.match(
      /^mirrors\.0\.reverify = "10ms": expected a duration of 1 s at least/,
    );
  });
});

describe('notices of mirrors', () => {
  const SECRET = 'hunter2';
  const HOOK = `https://hooks.example.net/${SECRET}`;

  for (const notices of [
    `{webhook: "${HOOK}", headers: {X-Key: [${SECRET}]}, command: [/usr/bin/notify, --key, ${SECRET}]}`,
    `{webhook: ["${HOOK}"], headers: [${SECRET}], command: "notify ${SECRET}"}`,
    `{webhook: {a: "${HOOK}"}, headers: {X-Key: ${SECRET}}, command: [[${SECRET}]]}`,
    `"${HOOK}"`,
    `["${HOOK}"]`,
  ])
    it(`print no secret of their configuration: ${notices}`, () => {
      const {
        settings,
        problems,
        notices: warned,
      } = inspectConfig(withSection(`sync: {notices: ${notices}}`), {});
      const printed = settings.map(({ path, value }) => `${path} ${shown(path, value)}`).join('\n');
      expect([printed, ...problems, ...warned].join('\n')).to.not.include(SECRET);
      if (notices.startsWith('{webhook: "'))
        expect(printed)
          .to.include('https://hooks.example.net/(not shown)')
          .and.include('["/usr/bin/notify","(not shown)"]');
    });

  it('with headers over plain HTTP are warned of', () => {
    const over = (url: string) =>
      parse(withSection(`sync: {notices: {webhook: "${url}", headers: {X-Key: [a]}}}`)).notices;
    expect(over('http://hooks.example.net')).to.deep.equal([
      'sync.notices.headers: they are sent over plain HTTP',
    ]);
    expect(over('https://hooks.example.net')).to.deep.equal([]);
    expect(over('http://127.0.0.1:9')).to.deep.equal([]);
  });
});
