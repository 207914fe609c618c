/**
 * Promise: what would put clients' credentials, or the registry itself, into strangers' hands is refused at the start
 * unless the configuration says outright that it is meant.
 */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { inspectConfig } from '../../services/config/load.ts';
import { MINIMAL, MIRRORED, parse, problemOf, problemsOf, withPeople } from './configs.ts';

const TLS = 'tls: {certificate: /c.pem, key: /k.pem}';
const listening = (addr: string, more = '') =>
  `${MINIMAL.replace('"127.0.0.1:5000"', `"${addr}"${more && `, ${more}`}`)}\nauth: none`;

describe('safety at the start', () => {
  for (const addr of [':5000', '0.0.0.0:5000', '[::]:5000', '192.0.2.1:5000', 'registry.example.org:443']) {
    it(`refuses plain HTTP beyond this machine on ${addr}`, () => {
      const problem = problemOf(listening(addr));
      expect(problem).to.match(/^http\.addr = .*plain HTTP beyond this machine: expected http\.tls/);
    });

    it(`takes ${addr} with TLS, or behind proxies that end it`, () => {
      parse(listening(addr, TLS));
      parse(listening(addr, 'trustedproxies: [10.0.0.0/8]'));
    });
  }

  for (const addr of ['127.0.0.1:5000', '127.8.9.10:5000', 'localhost:5000', '[::1]:5000'])
    it(`takes plain HTTP on ${addr}`, () => {
      parse(listening(addr));
    });

  describe('of a port in a container', () => {
    const inContainer = (more = '') =>
      MINIMAL.replace('"127.0.0.1:5000"', `"0.0.0.0:5000", plain: host${more}`);
    const release = 'promotion: {candidates: ["candidate/**"], http: {addr: "127.0.0.1:5002"}}';

    it('takes plain HTTP and no login with http.plain: host, as on loopback', () => {
      expect(parse(inContainer()).http.plain).to.equal('host');
      parse(`${inContainer()}\n${release}`);
    });

    it('is what the start refuses unless the file says it', () => {
      expect(problemOf(`${inContainer().replace('host', 'refused')}\nauth: none`)).to.match(
        /plain HTTP beyond/,
      );
    });

    it('still asks for a login if other machines reach the registry by a proxy or a name', () => {
      for (const more of [', trustedproxies: [10.0.0.0/8]', ', host: "https://registry.example.org"'])
        expect(problemOf(inContainer(more))).to.match(/no credentials are required/);
    });

    it('never takes promotions without a login there, nor another plain port', () => {
      const shared = problemOf(`${inContainer()}\npromotion: {candidates: ["candidate/**"]}`);
      expect(shared).to.match(/^promotion\.http\.addr = \(http\.addr\) .*no credentials are required/);
      const [plain] = problemsOf(`${inContainer()}\n${release.replace('127.0.0.1', '0.0.0.0')}`);
      expect(plain).to.match(/^promotion\.http\.addr = .*plain HTTP beyond this machine/);
    });
  });

  it('refuses the release service beyond this machine, on its own address or on that of the registry', () => {
    const promotion = 'promotion: {candidates: ["candidate/**"]}';
    const throughProxy = problemOf(
      `${listening('127.0.0.1:5000', 'trustedproxies: [10.0.0.0/8]')}\n${promotion}`,
    );
    expect(throughProxy).to.match(/^promotion\.http\.addr is missing: .*no credentials are required/);
    const named = problemOf(
      `${listening('127.0.0.1:5000', 'host: "https://registry.example.org"')}\n${promotion}`,
    );
    expect(named).to.match(/^promotion\.http\.addr is missing/);
    const shared = problemOf(`${listening(':5000', TLS)}\n${promotion}`);
    expect(shared).to.match(/^promotion\.http\.addr = \(http\.addr\) .*no credentials are required/);
    const own = problemsOf(`${MINIMAL}\n${promotion.replace('}', ', http: {addr: ":5002"}}')}`);
    expect(own).to.have.length(2);
    expect(own[0]).to.match(/^promotion\.http\.addr = .*5002.*plain HTTP beyond this machine/);
    expect(own[1]).to.match(/^promotion\.http\.addr = .*5002.*expected a section auth/);
    parse(`${listening(':5000', TLS)}\n${promotion.replace('}', ', http: {addr: "127.0.0.1:5002"}}')}`);
  });

  describe('of denials for groups', () => {
    const keystone = '{keystone: {authurl: "https://k.example/v3"}}';
    const ruled = (rule: string, groups = '', account = keystone) =>
      `${withPeople(`accounts: [${account}]`)}\naccess: {groups: {${groups}}, rules: [{name: kept out, ${rule}}]}`;
    const problemsWith = (...parts: Parameters<typeof ruled>) => problemsOf(ruled(...parts));
    const denying = (group: string) => `deny: [push], subjects: ["group:${group}"]`;
    const oidc = '{oidc: {issuer: "https://id.example", clientid: registry}}';

    it('refuses one that nobody can be in, where accounts have groups of their own', () => {
      const said =
        'access.rules.0.subjects: the rule kept out denies no user anything by group:contractors: only robots can be in the group ' +
        'contractors: expected access.groups.contractors with its members, or with none if it is meant for robots only';
      expect(problemsWith(denying('contractors'))).to.deep.equal([
        `${said} (keystone's own group is group:contractors@keystone)`,
      ]);
      expect(problemsWith(denying('contractors'), '', oidc)).to.deep.equal([
        `${said} (oidc's own group is group:contractors@oidc)`,
      ]);
      const foreign = 'denies no user anything by group:';
      expect(problemsWith(denying('contractors@oidc')).join()).to.include(
        `${foreign}contractors@oidc: nobody is`,
      );
      expect(problemsWith(denying('out'), 'out: ["group:contractors@oidc"]').join()).to.include(
        `${foreign}out: nobody is`,
      );
    });

    it('takes one with members, for robots only, or without such accounts, and allowances', () => {
      for (const [rule, groups, account] of [
        [denying('contractors@keystone')],
        [denying('out'), 'out: ["group:contractors@keystone", "group:contractors@oidc"]'],
        [denying('out'), 'out: ["user:mallory"]'],
        [denying('out'), 'out: []'],
        [denying('out'), '', '{htpasswd: {path: /htpasswd}}'],
        ['allow: [push], subjects: ["group:contractors"]'],
      ] as const)
        parse(ruled(rule, groups, account));
    });
  });

  describe('without a name of its own', () => {
    const NAMELESS = [TLS, 'trustedproxies: [10.0.0.0/8]'];
    const withTokens = (http: string, auth: string) =>
      withPeople()
        .replace('addr: "127.0.0.1:5000"', `addr: ":5000", ${http}`)
        .replace('realm: "https://registry.example.org/auth/token"', auth);

    it('refuses to send passwords to the host that a request names', () => {
      for (const http of NAMELESS) {
        for (const auth of ['autoredirect: true', 'autoredirect: true, realm: "https://r.example/token"'])
          expect(problemOf(withTokens(http, auth))).to.match(/^http\.host is missing: .*autoredirect/);
        parse(withTokens(`${http}, host: "https://r.example"`, 'autoredirect: true'));
        parse(withTokens(http, 'realm: "https://r.example/token"'));
      }
      const onLoopback = withTokens('', 'autoredirect: true').replace(':5000", ', '127.0.0.1:5000"');
      parse(onLoopback);
      expect(problemOf(onLoopback.replace('5000"', '5000", trustedproxies: [127.0.0.0/8]'))).to.match(
        /^http\.host is missing/,
      );
    });

    it('warns that URLs stay relative, and of those in notifications', () => {
      const hook = 'notifications: {endpoints: [{name: hook, url: "https://hook.example"}]}';
      const noticesOf = (http: string) =>
        parse(`${listening(':5000', http)}\n${hook}`).notices.filter((each) => /^http\./.test(each));
      for (const http of NAMELESS) {
        expect(noticesOf(http).join()).to.match(/^http\.host is missing: URLs in notifications/);
        expect(noticesOf(`${http}, relativeurls: false`)[0]).to.match(/^http\.relativeurls = false: /);
        expect(noticesOf(`${http}, relativeurls: false, host: "https://r.example"`)).to.deep.equal([]);
      }
    });
  });

  it('refuses a token service of its own address beyond this machine over plain HTTP', () => {
    expect(problemOf(withPeople().replace('token: {}', 'token: {http: {addr: ":5003"}}'))).to.match(
      /^token\.http\.addr = .*5003.*plain HTTP/,
    );
  });

  it('accepts the release service beyond this machine for clients with a certificate, and for nobody else', () => {
    const own = (tls: string) =>
      `${MINIMAL}\npromotion: {http: {addr: ":5002", tls: {certificate: /c.pem, key: /k.pem${tls}}}}`;
    parse(own(', clientcas: [/ca.pem]'));
    parse(own(', clientcas: [/ca.pem], clientauth: require-and-verify-client-cert'));
    for (const tls of [
      '',
      ', clientcas: [/ca.pem], clientauth: request-client-cert',
      ', clientcas: [/ca.pem], clientauth: require-any-client-cert',
      ', clientcas: [/ca.pem], clientauth: verify-client-cert-if-given',
    ])
      expect(problemOf(own(tls))).to.match(/^promotion\.http\.addr = .*no credentials are required/);
  });

  it('refuses half of a certificate for a mirror, or one for plain HTTP', () => {
    const write = (keys: string, url = 'https://one.example.net:8081') =>
      MIRRORED.replace(/write: .*/, `write: {webdav: "${url}", ${keys}}`);
    parse(write('clientcertificate: /c.pem, clientkey: /k.pem, rootcas: [/ca.pem]'));
    expect(problemOf(write('clientcertificate: /c.pem'))).to.match(
      /^mirrors\.0\.write\.clientkey is missing/,
    );
    expect(problemOf(write('clientkey: /k.pem'))).to.match(
      /^mirrors\.0\.write\.clientcertificate is missing/,
    );
    for (const keys of ['clientcertificate: /c.pem, clientkey: /k.pem', 'rootcas: [/ca.pem]'])
      expect(problemOf(write(keys, 'http://127.0.0.1:8081'))).to.match(/certificates are for TLS only/);
  });

  describe('metrics beyond this machine', () => {
    const debug = (rest: string) => listening('127.0.0.1:5000', `debug: {${rest}}`);
    const beyond = (rest: string) => debug(`addr: ":5001", ${rest}`);
    const TLS = 'certificate: /c.pem, key: /k.pem';

    it('are refused without a certificate or a token over TLS', () => {
      for (const rest of [
        'bearertoken: zeros-and-ones-0123',
        `tls: {${TLS}}`,
        `tls: {${TLS}, clientcas: [/a.pem], clientauth: request-client-cert}`,
      ])
        expect(problemOf(beyond(rest)), rest).to.match(
          /^http\.debug\.addr = :5001: metrics reveal .*expected http\.debug\.tls/,
        );
      for (const part of ['token', 'release', 'sync'])
        expect(problemOf(debug(`addr: "127.0.0.1:5001", addrs: {${part}: "192.0.2.1:5002"}`))).to.match(
          new RegExp(`^http\\.debug\\.addrs\\.${part} = 192\\.0\\.2\\.1:5002: metrics reveal`),
        );
    });

    it('are allowed with client certificates, or with TLS and a token', () => {
      for (const rest of [
        `tls: {${TLS}, clientcas: [/a.pem]}`,
        `tls: {${TLS}}, bearertoken: 8c1f52d0b7e94a36`,
      ])
        expect(parse(beyond(rest)).notices, rest).to.deep.equal([]);
    });

    it('are allowed with the explicit switch, which the start warns of', () => {
      expect(parse(beyond('plain: true')).notices).to.deep.equal([
        'http.debug.plain = true: everyone who reaches http.debug.addr = :5001 reads the metrics: expected a firewall',
      ]);
      expect(parse(beyond('plain: true, bearertoken: 8c1f52d0b7e94a36')).notices).to.deep.equal([
        'http.debug.plain = true: http.debug.bearertoken is sent unencrypted to http.debug.addr = :5001',
      ]);
      expect(parse(debug('addr: "127.0.0.1:5001", plain: true')).notices).to.deep.equal([]);
    });

    it('refuses a token that no header carries', () => {
      const problem = problemOf(debug('addr: "127.0.0.1:5001", bearertoken: "8c1f52d0, b7e94a36"'));
      expect(problem).to.match(/^http\.debug\.bearertoken has characters .* expected letters, digits/);
      expect(problem).not.to.include('8c1f52d0');
    });

    it('have no token that is easy to guess', () => {
      const { notices } = parse(debug('addr: "127.0.0.1:5001", bearertoken: changeme'));
      expect(notices.join()).to.match(/^http\.debug\.bearertoken is easy to guess/);
    });
  });

  it('refuses mirrors where nothing is ever promoted', () => {
    const problem = problemOf(MIRRORED.replace(/promotion:.*\n/, ''));
    expect(problem).to.match(/^mirrors: .*expected a section "promotion"/);
  });

  it('refuses two mirrors of one name', () => {
    const text = `${MIRRORED}  - {name: one, url: "https://two.example.net", write: {directory: /two}}`;
    expect(problemOf(text)).to.match(/^mirrors\.1\.name = one: expected a name that no other mirror has/);
  });

  it('refuses to send a password over plain HTTP, but on this machine', () => {
    const over = (url: string) => MIRRORED.replace('https://one.example.net:8081', url);
    expect(problemOf(over('http://one.example.net:8081'))).to.match(
      /^mirrors\.0\.write\.webdav = .*expected an https URL/,
    );
    for (const url of ['http://127.0.0.1:8081', 'http://localhost:8081', 'http://[::1]:8081'])
      parse(over(url));
    parse(over('http://one.example.net:8081').replace(', password: hunter2', ''));
  });

  it('refuses to serve a mirror that is no directory, or beyond this machine', () => {
    const serving = (serve: string, write: string) =>
      `${MIRRORED.replace(/ {4}write:.*/, `    write: ${write}\n    serve: "${serve}"`)}`;
    expect(problemOf(serving('127.0.0.1:1', '{webdav: "https://x.example"}'))).to.include(
      'expected write.directory',
    );
    expect(problemOf(serving(':1', '{directory: /x}'))).to.include('expected a loopback address');
    parse(serving('127.0.0.1:1', '{directory: /x}'));
  });
});

describe('mirrors that clients would take for the registry', () => {
  const at = (registry: string, url: string, sameoperator = false) =>
    MIRRORED.replace(/http: \{addr.*/, `http: {${registry}}`)
      .replace('url: https://one.example.net\n', `url: "${url}"\n`)
      .replace('name: one', sameoperator ? 'name: one\n    sameoperator: true' : 'name: one');
  const PUBLIC = `addr: ":5000", ${TLS}, host: "https://registry.example.org"`;

  const leaks: [registry: string, url: string][] = [
    [PUBLIC, 'https://registry.example.org:8443'],
    [PUBLIC, 'http://registry.example.org'],
    [PUBLIC, 'https://mirror.registry.example.org'],
    [PUBLIC, 'https://a.b.registry.example.org/blobs'],
    [PUBLIC, 'https://REGISTRY.example.org:1'],
    ['addr: "127.0.0.1:5000"', 'http://127.0.0.1:5081'],
    ['addr: "localhost:5000"', 'http://localhost:5081'],
    ['addr: "localhost:5000"', 'http://mirror.localhost:5081'],
    ['addr: "[::1]:5000"', 'http://[::1]:5081'],
  ];
  for (const [registry, url] of leaks) {
    const where = registry === PUBLIC ? 'registry.example.org' : registry;
    it(`are refused: ${url} for ${where}`, () => {
      const problem = problemOf(at(registry, url));
      expect(problem).to.match(/^mirrors\.0\.url = .*credentials.*sameoperator: true/);
    });

    it(`are taken when the same people run them: ${url} for ${where}`, () => {
      parse(at(registry, url, true));
    });
  }

  for (const url of [
    'https://mirror.example.org',
    'https://example.org',
    'https://notregistry.example.org',
    'https://registry.example.org.evil.example',
  ])
    it(`do not include ${url} for registry.example.org`, () => {
      parse(at(PUBLIC, url));
    });

  it('have nobody to send clients to where everyone needs a login, with or without rules: the start warns', () => {
    const noticesOf = (more: string) =>
      parse(MIRRORED.replace('auth: none', `auth: {htpasswd: {realm: r, path: /h}}\n${more}`)).notices;
    const warning = /^promotion: anonymous clients may not pull every stable repository/;
    expect(noticesOf('').filter((notice) => warning.test(notice))).to.have.length(1);
    const open = 'access: {rules: [{name: p, allow: [pull], subjects: [everyone]}]}';
    expect(noticesOf(open).filter((notice) => warning.test(notice))).to.deep.equal([]);
  });

  it('cannot be recognised without the public name of the registry', () => {
    for (const registry of [`addr: ":5000", ${TLS}`, 'addr: "127.0.0.1:5000", trustedproxies: [10.0.0.0/8]'])
      expect(problemOf(at(registry, 'https://one.example.net'))).to.match(/^http\.host is missing/);
  });

  it('are refused together with everything else that is wrong', () => {
    const problems = problemsOf(at('addr: ":5000", host: "https://r.example"', 'https://m.r.example'));
    expect(problems).to.have.length(2);
  });
});

describe('warnings about what is dangerous', () => {
  const RANDOM = '8d1f0c6be2a94735b0e7c85d21f3a694';
  const noticesOf = (text: string) => inspectConfig(text, {}).notices.join('\n');
  const minimal = (http: string, more = '') =>
    `version: 0.1\nstorage: filesystem\nhttp: {addr: "127.0.0.1:5000", ${http}}\n${more}`;
  const people = 'auth: {htpasswd: {realm: r, path: /p}}';

  for (const network of ['0.0.0.0/0', '::/0', '0.0.0.0/1', '::ffff:0.0.0.0/96'])
    it(`refuse plain HTTP for everybody as a proxy: ${network}`, () => {
      expect(problemOf(listening(':5000', `trustedproxies: ["${network}"]`))).to.match(
        /plain HTTP beyond this machine/,
      );
      expect(noticesOf(listening(':5000', `trustedproxies: ["${network}"], ${TLS}`))).to.include(
        'trustedproxies.0',
      );
    });

  it('report proxies in networks that are wider than a site', () => {
    for (const network of ['8.0.0.0/8', '2000::/3', '11.0.0.0/12'])
      expect(
        noticesOf(minimal(`trustedproxies: ["${network}"], host: "https://r.example"`, people)),
      ).to.include(network);
    for (const network of [
      '10.0.0.0/8',
      '192.0.2.7/32',
      '172.16.0.0/12',
      '2001:db8:1::/48',
      'fd00::/8',
      '127.0.0.0/8',
    ])
      expect(
        noticesOf(minimal(`trustedproxies: ["${network}"], host: "https://r.example"`, people)),
      ).to.not.include(network);
  });

  it('report limits of pushes beyond what a promotion takes', () => {
    const limits = (text: string) =>
      noticesOf(minimal('', `limits: {manifests: {${text}}}\npromotion: {candidates: [c/**]}`));
    expect(limits('children: 1101')).to.include('limits.manifests.children = 1101');
    expect(limits('layers: 2501')).to.include('limits.manifests.layers = 2501');
    expect(limits('children: 1100, layers: 2500')).to.not.include('limits.manifests');
  });

  it('report secrets that are easy to guess', () => {
    const weak = [
      'a'.repeat(40),
      'abcdefghijklmnopqrstuvwxyz0123456789',
      '0123'.repeat(10),
      'asecretforlocaldevelopment',
      'changeme',
    ];
    for (const secret of weak) {
      expect(noticesOf(minimal(`secret: "${secret}"`)), secret).to.include('http.secret is easy to guess');
      expect(noticesOf(minimal(`oldsecrets: ["${secret}"]`)), secret).to.include(
        'http.oldsecrets.0 is easy to guess',
      );
    }
    for (let i = 0; i < 200; i++) {
      const secret = randomBytes(16).toString(i % 2 ? 'hex' : 'base64');
      expect(noticesOf(minimal(`secret: "${secret}"`)), secret).to.not.include('easy to guess');
    }
  });

  it('report replaced secrets without an end, where changes are recorded', () => {
    const older = [...RANDOM].reverse().join('');
    const old = `secret: ${RANDOM}, oldsecrets: [${older}, ${older}x]`;
    const place = `"7:${'a'.repeat(64)}"`;
    const reported = (until: string) =>
      noticesOf(minimal(old, `${people}\naudit: {oldsecretsuntil: [${until}]}`)).match(
        /audit\.oldsecretsuntil\.\d (is missing|= in-use): seals of http\.oldsecrets\.\d/g,
      );
    expect(reported('')).to.have.length(2);
    expect(reported(`in-use, ${place}`)).to.deep.equal([
      'audit.oldsecretsuntil.0 = in-use: seals of http.oldsecrets.0',
    ]);
    expect(reported(place)).to.deep.equal(['audit.oldsecretsuntil.1 is missing: seals of http.oldsecrets.1']);
    expect(reported(`${place}, ${place}`)).to.equal(null);
    expect(noticesOf(minimal(old))).to.not.include('oldsecretsuntil');
  });

  it('report that everyone is an operator, by a group and with the standard rules', () => {
    for (const member of ['everyone', 'anonymous'])
      expect(noticesOf(minimal('', `${people}\naccess: {groups: {operators: [${member}]}}`))).to.include(
        'the rule operators lets everyone push, delete, promote, administer, from anywhere',
      );
  });

  const closed = 'anonymous clients may not pull every stable repository';
  const stable = 'promotion: {candidates: ["candidate/**"], stable: ["stable/**"]}';
  const ruled = (...rules: string[]) =>
    minimal('', `${people}\n${stable}\naccess: {standard: true, rules: [${rules}]}`);
  it('report what is published but closed, in each way of closing it', () => {
    for (const rule of [
      '{name: a, deny: [pull], subjects: [anonymous], repositories: ["stable/private/**"]}',
      '{name: a, deny: [pull], subjects: [everyone], repositories: ["@stable"]}',
    ])
      expect(noticesOf(ruled(rule))).to.include(closed);
    for (const rule of [
      '{name: a, allow: [pull], subjects: [everyone], networks: [10.0.0.0/8], repositories: ["@stable"]}',
      '{name: a, allow: [pull], subjects: [everyone], repositories: ["hello/**"]}',
      '{name: a, allow: [pull], subjects: [authenticated], repositories: ["@stable"]}',
    ])
      expect(noticesOf(ruled(rule).replace('standard: true, ', ''))).to.include(closed);
    expect(
      noticesOf(ruled('{name: a, allow: [push], subjects: ["user:b"], repositories: ["x/**"]}')),
    ).to.not.include(closed);
  });
});
