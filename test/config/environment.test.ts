/**
 * Promise: any value of the file can be overridden by a variable, as with Distribution, and a variable that means
 * nothing, or that cannot be understood, is named instead of being ignored.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Config } from '../../services/config/schema.ts';
import { cpuMsOf } from '../support/cpu.ts';
import { filesystem, MINIMAL, MIRRORED, parse, problemOf, problemsOf } from './configs.ts';

const mirror = (config: Config, i = 0) => config.mirrors[i];

/** Every value of the schema: the variable, what to set it to, and what has then to be found where. */
const VALUES: [variable: string, value: string, found: (config: Config) => unknown, expected: unknown][] = [
  ['REGISTRY_VERSION', '0.1', (config) => String(config.version), '0.1'],
  ['REGISTRY_LOG_LEVEL', 'debug', (config) => config.log.level, 'debug'],
  ['REGISTRY_LOG_FORMATTER', 'json', (config) => config.log.formatter, 'json'],
  ['REGISTRY_LOG_FIELDS_SERVICE', 'registry', (config) => config.log.fields, { service: 'registry' }],
  ['REGISTRY_LOG_ACCESSLOG_DISABLED', 'true', (config) => config.log.accesslog.disabled, true],
  [
    'REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY',
    '/other',
    (config) => filesystem(config).rootDirectory,
    '/other',
  ],
  ['REGISTRY_STORAGE_FILESYSTEM_SYNC', 'false', (config) => filesystem(config).sync, false],
  ['REGISTRY_STORAGE_REDIRECT_DISABLE', 'true', (config) => config.storage.redirect.disable, true],
  ['REGISTRY_HTTP_ADDR', 'localhost:6000', (config) => config.http.addr, { host: 'localhost', port: 6000 }],
  [
    'REGISTRY_HTTP_HOST',
    'https://public.example.org/',
    (config) => config.http.host,
    'https://public.example.org',
  ],
  ['REGISTRY_HTTP_DRAINTIMEOUT', '1m30s', (config) => config.http.draintimeout, 90_000],
  [
    'REGISTRY_HTTP_TRUSTEDPROXIES',
    '[10.0.0.0/8, "::1/128"]',
    (config) => config.http.trustedproxies,
    ['10.0.0.0/8', '::1/128'],
  ],
  ['REGISTRY_HTTP_TRUSTEDPROXIES_0', '10.0.0.0/8', (config) => config.http.trustedproxies, ['10.0.0.0/8']],
  ['REGISTRY_HTTP_DEBUG_ADDR', '127.0.0.1:6001', (config) => config.http.debug?.addr.port, 6001],
  [
    'REGISTRY_PROMOTION_CANDIDATES_0',
    'incoming/*',
    (config) => config.promotion?.candidates[0]?.text,
    'incoming/*',
  ],
  ['REGISTRY_PROMOTION_HTTP_ADDR', '127.0.0.1:6002', (config) => config.promotion?.http?.addr.port, 6002],
  ['REGISTRY_MIRRORS_0_NAME', 'renamed', (config) => mirror(config)?.name, 'renamed'],
  [
    'REGISTRY_MIRRORS_0_URL',
    'https://two.example.net',
    (config) => mirror(config)?.url,
    'https://two.example.net',
  ],
  ['REGISTRY_MIRRORS_0_WEIGHT', '2500', (config) => mirror(config)?.weight, 2500],
  ['REGISTRY_MIRRORS_0_NETBLOCKS_0', '192.0.2.0/24', (config) => mirror(config)?.netblocks, ['192.0.2.0/24']],
  ['REGISTRY_MIRRORS_0_SAMEOPERATOR', 'true', (config) => mirror(config)?.sameoperator, true],
  [
    'REGISTRY_MIRRORS_0_WRITE_PASSWORD',
    'secret',
    (config) => mirror(config)?.write,
    { webdav: 'https://one.example.net:8081', username: 'sync', password: 'secret', rootcas: [] },
  ],
  [
    'REGISTRY_MIRRORS_0_WRITE',
    '{directory: /srv/mirror}',
    (config) => mirror(config)?.write,
    { directory: '/srv/mirror' },
  ],
];

describe('variables', () => {
  for (const [variable, value, found, expected] of VALUES)
    it(`${variable} overrides its value`, () => {
      expect(found(parse(MIRRORED, { [variable]: value }))).to.deep.equal(expected);
    });

  it('build up sections that the file does not have', () => {
    const config = parse(MINIMAL, {
      ...{ REGISTRY_HTTP_TLS_CERTIFICATE: '/cert.pem', REGISTRY_HTTP_TLS_KEY: '/key.pem' },
      ...{ REGISTRY_HTTP_DEBUG_ADDR: '127.0.0.1:1', REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED: 'false' },
      REGISTRY_HTTP_DEBUG_PROMETHEUS_PATH: '/numbers',
      REGISTRY_PROMOTION_CANDIDATES: '["candidate/**"]',
      ...{ REGISTRY_MIRRORS_0_NAME: 'a', REGISTRY_MIRRORS_0_URL: 'https://a.example.net' },
      ...{ REGISTRY_MIRRORS_0_WRITE_DIRECTORY: '/a', REGISTRY_MIRRORS_1_NAME: 'b' },
      ...{ REGISTRY_MIRRORS_1_URL: 'http://127.0.0.2:1', REGISTRY_MIRRORS_1_WRITE_DIRECTORY: '/b' },
      REGISTRY_MIRRORS_1_SERVE: '127.0.0.1:2',
    });
    expect(config.http.tls).to.deep.include({ certificate: '/cert.pem', key: '/key.pem' });
    expect(config.http.debug?.prometheus).to.deep.equal({
      ...{ enabled: false, path: '/numbers', distributionnames: true },
    });
    expect(config.mirrors.map(({ name, write }) => [name, write])).to.deep.equal([
      ['a', { directory: '/a' }],
      ['b', { directory: '/b' }],
    ]);
  });

  it('find keys however the file spells their case', () => {
    const text = `${MINIMAL}\nlog: {fields: {Service: one}}`;
    const { fields } = parse(text, { REGISTRY_LOG_FIELDS_SERVICE: 'two' }).log;
    expect(fields).to.deep.equal({ Service: 'two' });
  });

  it('of skopeo, podman and other programs are ignored', () => {
    const others = {
      REGISTRY_AUTH_FILE: '/run/auth.json',
      PATH: '/bin',
      ROADSTEAD_SERVER: 'x',
      registry_http_addr: 'x',
    };
    expect(parse(MINIMAL, others)).to.deep.equal(parse(MINIMAL));
  });

  it('that Kubernetes sets for a Service called "registry" are ignored', () => {
    const others = {
      ...{
        REGISTRY_SERVICE_HOST: '10.96.0.7',
        REGISTRY_SERVICE_PORT: '5000',
        REGISTRY_SERVICE_PORT_HTTP: '5000',
      },
      ...{ REGISTRY_PORT: 'tcp://10.96.0.7:5000', REGISTRY_PORT_5000_TCP_ADDR: '10.96.0.7' },
    };
    expect(parse(MINIMAL, others)).to.deep.equal(parse(MINIMAL));
  });

  /** What a Service's name is in variables, its address, and its ports. */
  const service = fc.record({
    name: fc.stringMatching(/^[A-Z0-9]{1,8}(_[A-Z0-9]{1,8}){0,3}$/),
    address: fc.oneof(fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 1, max: 65535 }),
    protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
    portName: fc.stringMatching(/^[A-Z0-9]{1,6}(_[A-Z0-9]{1,6})?$/),
  });
  it('that Kubernetes sets for any Service called "registry-…" are ignored', () => {
    fc.assert(
      fc.property(service, ({ name, address, port, protocol, portName }) => {
        const own = `REGISTRY_${name}`;
        const url = `${protocol}://${address.includes(':') ? `[${address}]` : address}:${port}`;
        const each = `${own}_PORT_${port}_${protocol.toUpperCase()}`;
        const others = {
          [`${own}_SERVICE_HOST`]: address,
          [`${own}_SERVICE_PORT`]: String(port),
          [`${own}_SERVICE_PORT_${portName}`]: String(port),
          [`${own}_PORT`]: url,
          ...{ [each]: url, [`${each}_PROTO`]: protocol, [`${each}_PORT`]: String(port) },
          [`${each}_ADDR`]: address,
        };
        expect(parse(MINIMAL, others)).to.deep.equal(parse(MINIMAL));
      }),
    );
    // Names that are sections of ours, too.
    for (const name of ['AUTH', 'UI', 'STORAGE', 'TOKEN', 'REDIS', 'HTTP', 'HTTP_DEBUG', 'PROXY'])
      expect(parse(MINIMAL, { [`REGISTRY_${name}_PORT`]: 'tcp://10.0.0.4:80' })).to.deep.equal(
        parse(MINIMAL),
      );
  });

  it('that only look like those of Kubernetes are named', () => {
    for (const [variable, value] of [
      ['REGISTRY_UI_SERVICE_HOST', 'ui.example.net'],
      ['REGISTRY_HTTP_PORT', '5000'],
      ['REGISTRY_AUTH_PORT', 'tcp://host:80'],
      ['REGISTRY_STORAGE_SERVICE_PORT', 'many'],
    ] as const)
      expect(problemsOf(MINIMAL, { [variable]: value }).join()).to.include(variable);
  });

  it('that set unknown keys are named', () => {
    expect(problemOf(MINIMAL, { REGISTRY_HTTP_ADDRESS: '127.0.0.1:1' })).to.equal(
      'http.address: roadstead knows no such key; did you mean http.addr? (from REGISTRY_HTTP_ADDRESS)',
    );
    expect(problemOf(MINIMAL, { REGISTRY_STRAGE_X: '1' })).to.include('(from REGISTRY_STRAGE_X)');
  });

  it('that set unknown keys inside a list are named', () => {
    expect(problemOf(MIRRORED, { REGISTRY_MIRRORS_0_RUL: 'x' })).to.include('(from REGISTRY_MIRRORS_0_RUL)');
    expect(problemsOf(MIRRORED, { REGISTRY_MIRRORS_ONE_URL: 'https://x.example' }).join()).to.include(
      'REGISTRY_MIRRORS_ONE_URL',
    );
  });

  for (const [variable, value] of [
    ['REGISTRY_MIRRORS_99999999_NAME', 'x'],
    ['REGISTRY_HTTP_TRUSTEDPROXIES_1000', '10.0.0.0/8'],
    ['REGISTRY_LOG_FIELDS_99999999_X', 'x'],
    ['REGISTRY_MIRRORS_007_NAME', 'x'],
  ] as const)
    it(`that name an entry beyond any list are refused at once: ${variable}`, () => {
      let problems: readonly string[] = [];
      const cpuMs = cpuMsOf(() => {
        problems = problemsOf(MIRRORED, { [variable]: value });
      });
      expect(problems.join())
        .to.include('expected the number of an entry, from 0 to 999')
        .and.to.include(variable);
      expect(cpuMs).to.be.at.most(1000);
    });

  it('with wrong values are named, with the value and what was expected', () => {
    const problem = problemOf(MINIMAL, { REGISTRY_HTTP_DRAINTIMEOUT: 'soon' });
    expect(problem).to.include('http.draintimeout = "soon"').and.to.include('expected a duration');
    expect(problem).to.include('(from REGISTRY_HTTP_DRAINTIMEOUT)');
  });

  for (const value of ['[', '"', '{a: b', '*anchor', '- a: b: c'])
    it(`that are no YAML are named: ${value}`, () => {
      const problems = problemsOf(MINIMAL, { REGISTRY_HTTP_DRAINTIMEOUT: value });
      expect(problems.join()).to.include('REGISTRY_HTTP_DRAINTIMEOUT');
    });

  it('take an IPv6 address as people write it', () => {
    const { addr } = parse(MINIMAL, { REGISTRY_HTTP_ADDR: '[::1]:5000' }).http;
    expect(addr).to.deep.equal({ host: '::1', port: 5000 });
  });

  it('are read as YAML, and a password of digits is kept as it is', () => {
    const variable = 'REGISTRY_MIRRORS_0_WRITE_PASSWORD';
    expect(mirror(parse(MIRRORED, { [variable]: '"0123"' }))?.write).to.deep.include({ password: '0123' });
    expect(mirror(parse(MIRRORED, { [variable]: '0123' }))?.write).to.deep.include({ password: '0123' });
  });

  it('cannot reach beyond the configuration', () => {
    const variables = ['REGISTRY_CONSTRUCTOR_PROTOTYPE_POLLUTED', 'REGISTRY___PROTO___POLLUTED', 'REGISTRY_'];
    for (const variable of variables) {
      try {
        parse(MINIMAL, { [variable]: 'yes' });
      } catch {
        // It may be refused or ignored.
      }
    }
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });
});
