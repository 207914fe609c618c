/**
 * Promise: a configuration that cannot be used is refused at the start with every problem at once: the key, its value,
 * and what was expected; and never with a secret in it.
 */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ConfigError } from '../../services/config/config-error.ts';
import { loadConfig } from '../../services/config/load.ts';
import {
  MINIMAL,
  MIRRORED,
  parse,
  problemOf,
  problemsOf,
  withHttp,
  withSection,
  withStorage,
} from './configs.ts';

const HOUR_MS = 3_600_000;

describe('configurations', () => {
  it('need no more than a version, a directory and an address', () => {
    const config = parse(MINIMAL);
    // In JSON: patterns have functions.
    expect(JSON.parse(JSON.stringify(config))).to.deep.equal({
      version: 0.1,
      log: {
        level: 'info',
        formatter: 'json',
        fields: {},
        accesslog: { disabled: false, format: 'structured' },
      },
      storage: {
        objects: {
          ...{ driver: 'filesystem', rootDirectory: '/srv/registry', sync: true, callTimeoutMs: 30_000 },
        },
        ...{ delete: { enabled: false }, redirect: { disable: false }, tag: { concurrencylimit: 16 } },
        maintenance: {
          readonly: { enabled: false },
          uploadpurging: { enabled: true, age: 168 * HOUR_MS, interval: 24 * HOUR_MS, dryrun: false },
        },
      },
      http: {
        addr: { host: '127.0.0.1', port: 5000 },
        ...{
          prefix: '',
          draintimeout: 30_000,
          forwardedheader: 'x-forwarded-for',
          plain: 'refused',
          idletimeout: 3_900_000,
          headers: {},
          oldsecrets: [],
          trustedproxies: [],
        },
      },
      ...{ catalog: { maxentries: 1000 }, tags: { maxtags: 1000 } },
      notifications: { includereferences: false, endpoints: [] },
      validation: {
        manifests: {
          urls: { allow: [], deny: [] },
          indexes: { platforms: 'all', platformlist: [] },
        },
      },
      sync: { uploads: 32, spool: { maxsize: 8 * 2 ** 30 }, notices: { headers: {} } },
      garbagecollection: {
        ...{ enabled: false, deleteuntagged: false },
        ...{ interval: 24 * HOUR_MS, grace: 24 * HOUR_MS, quarantine: 72 * HOUR_MS },
      },
      ...{ accounts: [], audit: { oldsecretsuntil: [] }, mirrors: [], notices: [] },
      limits: {
        connections: 10_000,
        minimumrate: 1024,
        requestspersecond: {},
        ...{ manifests: { children: 1000, layers: 1000 }, deletedtags: 1000 },
        logins: { enabled: true, attempts: 5, maxwait: 300_000 },
        trustednetworks: [],
      },
    });
  });

  it('that we ship can be used', async () => {
    const path = new URL('../../infra/roadstead.yml', import.meta.url);
    const config = await loadConfig(path.pathname, {});
    expect(config.mirrors.map(({ name }) => name)).to.deep.equal(['demo']);
    expect(config.promotion?.candidates.map(({ text }) => text)).to.deep.equal(['candidate/**']);
    // The variables that its comments name have to work.
    const named = [...(await readFile(path, 'utf8')).matchAll(/(REGISTRY_[A-Z0-9_]+)=(\S+?)[,.]?(?:\s|$)/g)];
    expect(named).to.have.length.above(2);
    const environment = Object.fromEntries(named.map(([, name = '', value = '']) => [name, value]));
    expect((await loadConfig(path.pathname, environment)).http.addr.port).to.equal(6000);
  });

  it('that we ship for several nodes can be used, with the secrets that its comments name', async () => {
    const path = new URL('../../infra/cluster.yml', import.meta.url);
    const secrets = {
      REGISTRY_STORAGE_SWIFT_PASSWORD: 'p',
      REGISTRY_REDIS_PASSWORD: 'p',
      REGISTRY_HTTP_SECRET: '8d1f0c6be2a94735b0e7c85d21f3a694',
    };
    const optional = { REGISTRY_STORAGE_SWIFT_SECRETKEY: 'signs' };
    for (const name of Object.keys({ ...secrets, ...optional }))
      expect(await readFile(path, 'utf8')).to.include(name);
    const config = await loadConfig(path.pathname, { ...secrets, ...optional });
    expect(config.storage.objects).to.deep.include({ container: 'images', tempUrlKey: 'signs' });
    expect(config.redis).not.to.equal(undefined);
    expect(config.garbagecollection.enabled).to.equal(true);
    expect(config.notices).to.deep.equal([]);
  });

  it('that do not exist are refused with the path', async () => {
    const error = await loadConfig('/nonexistent/roadstead.yml', {}).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ConfigError);
    expect(String(error)).to.include('/nonexistent/roadstead.yml').and.to.include('ENOENT');
  });

  for (const text of ['', '[]', 'hello', 'null', '{'])
    it(`that are ${JSON.stringify(text)} are refused`, () => {
      expect(problemsOf(text)).to.have.length.above(0);
    });

  const wrong: [what: string, text: string, key: string, value: string, expected: string][] = [
    ['a version of the future', MINIMAL.replace('0.1', '2'), 'version', '2', 'expected 0.1'],
    [
      'an address without a port',
      MINIMAL.replace(':5000', ''),
      'http.addr',
      '"127.0.0.1"',
      'expected host:port',
    ],
    [
      'a port beyond all ports',
      MINIMAL.replace('5000', '70000'),
      'http.addr',
      '"127.0.0.1:70000"',
      'expected host:port',
    ],
    [
      'an empty directory',
      MINIMAL.replace('/srv/registry', '""'),
      'storage.filesystem.rootdirectory',
      '""',
      '1',
    ],
    [
      'a URL that is none',
      MIRRORED.replace('https://one.example.net\n', 'one\n'),
      'mirrors.0.url',
      '"one"',
      'expected an http or https URL',
    ],
    [
      'a URL with a query',
      MIRRORED.replace('net\n', 'net/?a=b\n'),
      'mirrors.0.url',
      '?(not shown)',
      'expected an http or https URL',
    ],
    [
      'a mirror without a proper name',
      MIRRORED.replace('name: one', 'name: One!'),
      'mirrors.0.name',
      '"One!"',
      'expected lower-case',
    ],
    [
      'a pattern that is none',
      MIRRORED.replace('candidate/**', 'candidate/***'),
      'promotion.candidates.0',
      '"candidate/***"',
      'expected a pattern',
    ],
    ['no candidates', MIRRORED.replace('["candidate/**"]', '[]'), 'promotion.candidates', '[]', '1'],
    [
      'a weight of nothing',
      MIRRORED.replace('name: one', 'name: one\n    weight: 0'),
      'mirrors.0.weight',
      '0',
      '>0',
    ],
    [
      'a network that is none',
      MIRRORED.replace('name: one', 'name: one\n    netblocks: [192.0.2.0/33]'),
      'mirrors.0.netblocks.0',
      '"192.0.2.0/33"',
      'expected a network',
    ],
    ['a level that is none', `${MINIMAL}\nlog: {level: loud}`, 'log.level', '"loud"', 'expected one of'],
  ];
  for (const [what, text, key, value, expected] of wrong)
    it(`with ${what} are refused with key, value and what was expected`, () => {
      const problem = problemOf(text);
      expect(problem.startsWith(`${key} = `), problem).to.equal(true);
      expect(problem).to.include(value).and.to.include(expected);
    });

  it('with keys that nobody knows are refused, each named with its path', () => {
    const text = `${MINIMAL.replace('filesystem: {', 'filesystem: {quota: 100, ')}\ndatabase: {enabled: true}`;
    expect(problemsOf(text)).to.have.members([
      'storage.filesystem.quota: roadstead knows no such key',
      'database: roadstead knows no such key',
    ]);
  });

  it('report all problems at once', () => {
    const text = 'version: 3\nstorage: {}\nhttp: {addr: x, draintimeout: y}\nlog: {level: z}';
    const keys = problemsOf(text).map((problem) => problem.split(/[ :]/)[0]);
    expect(keys).to.have.members([
      'version',
      'storage.filesystem',
      'http.addr',
      'http.draintimeout',
      'log.level',
    ]);
  });

  it('that lack required keys are refused with their names', () => {
    expect(problemsOf('version: 0.1').map((problem) => problem.split(':')[0])).to.have.members([
      'storage is missing',
      'http is missing',
    ]);
    expect(problemsOf(withHttp('tls: {}'))).to.have.members([
      'http.tls.certificate is missing: expected the PEM file of the certificate, and of those between it and the root',
      "http.tls.key is missing: expected the PEM file of the certificate's private key",
    ]);
  });

  it('that lack required keys are refused without words of a library', () => {
    const lacking = [
      'version: 0.1',
      withHttp('tls: {}'),
      withStorage('s3: {}, swift: {}'),
      withSection('notifications: {endpoints: [{}]}'),
      withSection('promotion: {}\nmirrors: [{}]'),
    ];
    for (const text of lacking)
      for (const problem of problemsOf(text)) expect(problem).to.not.match(/Invalid|undefined/);
  });
});

describe('secrets of a configuration', () => {
  const SECRET = 'hunter2';
  const leaky: [what: string, text: string, environment?: Record<string, string>][] = [
    ['a password among wrong keys', MIRRORED.replace('username', 'user')],
    ['a password of the wrong type', MIRRORED.replace('password: hunter2', 'password: [hunter2]')],
    ['a mirror that is wrong as a whole', MIRRORED.replace('webdav', 'ftp')],
    [
      'a password in the URL of a mirror',
      MIRRORED.replace('https://one.example.net\n', `https://sync:${SECRET}@one.example.net\n`),
    ],
    [
      'a password in the URL to write to',
      MIRRORED.replace('"https://one.example.net:8081"', `"https://sync:${SECRET}@one.example.net:8081"`),
    ],
    [
      'a password in the public URL',
      `${MINIMAL.replace('}\n', '}\n').replace('5000"}', `5000", host: "https://a:${SECRET}@b"}`)}`,
    ],
    [
      'a password sent over plain HTTP',
      MIRRORED.replace('https://one.example.net:8081', 'http://one.example.net:8081'),
    ],
    ['a password in a variable', MIRRORED, { REGISTRY_MIRRORS_0_WRITE_PASSWORD: `{a: ${SECRET}}` }],
    ['a password under a key that nobody knows', `${MINIMAL}\ndatabase: {password: ${SECRET}}`],
    ['broken YAML near a password', `${MIRRORED}\n    - {password: ${SECRET}, : }}`],
  ];
  for (const [what, text, environment] of leaky)
    it(`are not printed with ${what}`, () => {
      expect(problemsOf(text, environment).join('\n')).not.to.include(SECRET);
    });

  it('are not printed from a variable that is not YAML', () => {
    let message = '';
    try {
      parse(MIRRORED, { REGISTRY_MIRRORS_0_WRITE_PASSWORD: `"${SECRET}` });
    } catch (error) {
      message = String(error);
    }
    expect(message).not.to.include(SECRET);
  });
});
