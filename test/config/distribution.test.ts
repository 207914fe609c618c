/**
 * Promise: an operator brings the config.yml that Distribution runs with, and it is used as it is, or refused with what
 * to change. The files below have the shapes of those that Distribution and Debian ship.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { inspectConfig } from '../../services/config/load.ts';
import { skipFor } from '../support/requirements.ts';
import {
  filesystem,
  MINIMAL,
  parse,
  problemOf,
  withHttp,
  withSection,
  withStorage,
  withTls,
} from './configs.ts';

/** What the image of registry 2 starts with, but for the address. */
const EXAMPLE = `
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: 127.0.0.1:5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`;

/** A developer's: everything at once, with a webhook, and Redis in 2.8's shape. */
const DEVELOPMENT = `
version: 0.1
log:
  accesslog:
    disabled: true
  level: debug
  fields: {service: registry, environment: development, instance: 7}
  hooks:
    - type: mail
      disabled: true
      levels: [panic]
      options: {smtp: {addr: "mail.example.org:25", username: u, password: hunter2, insecure: true}}
storage:
  delete: {enabled: true}
  cache: {blobdescriptor: redis}
  filesystem: {rootdirectory: /var/lib/registry, maxthreads: 100}
  maintenance: {uploadpurging: {enabled: false}}
http:
  addr: localhost:5000
  debug: {addr: "localhost:5001", prometheus: {enabled: true, path: /metrics}}
  headers: {X-Content-Type-Options: [nosniff], Access-Control-Allow-Origin: ["https://ui.example.org"]}
redis:
  addr: localhost:6379
  pool: {maxidle: 16, maxactive: 64, idletimeout: 300s}
  dialtimeout: 10ms
  readtimeout: 10ms
  writetimeout: 10ms
notifications:
  events: {includereferences: true}
  endpoints:
    - {name: off, disabled: true}
    - name: local-5003
      url: http://localhost:5003/callback?from=registry
      headers: {Authorization: [Bearer hunter2]}
      timeout: 1s
      threshold: 10
      backoff: 1s
    - name: local-8083
      url: http://localhost:8083/callback
      timeout: 500ms
      ignoredmediatypes: [application/octet-stream]
      ignore: {mediatypes: [application/json], actions: [pull]}
health:
  storagedriver: {enabled: true, interval: 10s, threshold: 3}
validation: {disabled: true}
`;

/** A cache of Docker Hub. */
const CACHE = `${EXAMPLE}
proxy:
  remoteurl: https://registry-1.docker.io
  username: someone
  password: hunter2
`;

describe("Distribution's files", () => {
  it('are used as they are', () => {
    const config = parse(EXAMPLE);
    expect(config.http.headers).to.deep.equal({ 'X-Content-Type-Options': ['nosniff'] });
    expect(config.notices).to.deep.equal([]);
  });

  it('with Cache-Control, too, which the registry sets itself: it is left out with a warning', () => {
    for (const name of ['Cache-Control', 'cache-control']) {
      const headers = `headers: {${name}: [no-store], X-Frame-Options: [DENY]}`;
      const { config, settings, problems } = inspectConfig(withHttp(headers), {});
      expect(problems).to.deep.equal([]);
      expect(config?.http.headers).to.deep.equal({ 'X-Frame-Options': ['DENY'] });
      expect(config?.notices).to.deep.equal([
        `http.headers.${name}: no effect: the registry sets it itself, to match the answer: remove it`,
      ]);
      expect(settings.find(({ path }) => path.endsWith(name))?.verdict.kind).to.equal('no effect');
    }
  });

  it('of developers, too, with everything at once', () => {
    const config = parse(DEVELOPMENT);
    expect(config.log).to.deep.include({ level: 'debug', formatter: 'json' });
    expect(config.log.fields).to.deep.equal({
      service: 'registry',
      environment: 'development',
      instance: '7',
    });
    expect(config.notices).to.deep.equal([]);
    expect(config.redis).to.deep.include({
      servers: { kind: 'single', address: { host: 'localhost', port: 6379 } },
      // Limits of 10 ms would break connections, and nothing waits for them.
      ...{ connectTimeoutMs: 1000, commandTimeoutMs: 1000 },
    });
    expect(config.notifications).to.deep.equal({
      includereferences: true,
      endpoints: [
        {
          name: 'local-5003',
          url: 'http://localhost:5003/callback?from=registry',
          headers: { Authorization: ['Bearer hunter2'] },
          ...{ timeout: 1000, threshold: 10, backoff: 1000, batchsize: 1, queuelimit: 100_000 },
          ignore: { mediatypes: [], actions: [] },
        },
        {
          name: 'local-8083',
          url: 'http://localhost:8083/callback',
          ...{ headers: {}, timeout: 500, threshold: 10, backoff: 1000, batchsize: 1, queuelimit: 100_000 },
          ignore: { mediatypes: ['application/octet-stream', 'application/json'], actions: ['pull'] },
        },
      ],
    });
  });

  it('that make a cache are refused, without their password', () => {
    const problem = problemOf(CACHE);
    expect(problem).to.match(/^proxy: this version cannot be a cache of another registry/);
    expect(problem).not.to.include('hunter2');
  });

  it('of Debian are refused for plain HTTP, and taken without that, passwords and all', async function () {
    const path = '/etc/docker/registry/config.yml';
    if (!existsSync(path) && process.env['CI'] !== 'true')
      skipFor(this, 'the package docker-registry, whose file it is, is not installed');
    const text = await readFile(path, 'utf8');
    expect(problemOf(text)).to.match(/^http\.addr = .*plain HTTP/);
    const config = parse(text, { REGISTRY_HTTP_ADDR: '127.0.0.1:5000' });
    expect(config.storage.delete.enabled).to.equal(true);
    expect(config.auth?.htpasswd?.path).to.equal('/etc/docker/registry');
  });
});

describe('ways in which Distribution lets a file be written', () => {
  it('take a driver that is only named, with its own default', () => {
    const text = MINIMAL.replace(/storage: .*/, 'storage: filesystem');
    expect(filesystem(parse(text)).rootDirectory).to.equal('/var/lib/registry');
    const set = parse(text, { REGISTRY_STORAGE_DELETE_ENABLED: 'true' });
    expect(set.storage).to.deep.include({ delete: { enabled: true } });
    expect(filesystem(set).rootDirectory).to.equal('/var/lib/registry');
    expect(
      problemOf(MINIMAL.replace(/storage: .*/, 'storage: s3'), { REGISTRY_STORAGE_S3_REGION: 'r' }),
    ).to.match(/^storage\.s3\.bucket is missing: /);
    expect(problemOf(MINIMAL.replace(/storage: .*/, 'storage: {inmemory: }'))).to.match(
      /^storage\.inmemory: /,
    );
  });

  it('take booleans of old YAML', () => {
    for (const word of ['yes', 'on', 'Yes', 'true', 'y'])
      expect(parse(withStorage(`delete: {enabled: ${word}}`)).storage.delete.enabled).to.equal(true);
    expect(parse(withStorage('delete: {enabled: off}')).storage.delete.enabled).to.equal(false);
    expect(problemOf(withStorage('delete: {enabled: maybe}'))).to.match(
      /^storage\.delete\.enabled = "maybe"/,
    );
  });

  it('take nothing for none, and merge keys', () => {
    const config = parse(
      `${withStorage('delete: , cache: {blobdescriptor: }')}\nredis:\ncatalog: {maxentries: }`,
    );
    expect(config.storage.delete.enabled).to.equal(false);
    const merged = `${withStorage('maintenance: &off {readonly: {enabled: true}}')}\nlog: {<<: {level: debug}}`;
    expect(parse(merged).log.level).to.equal('debug');
  });

  it('take levels in any case, and the old name, and no others', () => {
    const levelOf = (text: string) => parse(withSection(text)).log.level;
    expect(levelOf('log: {level: WARN}')).to.equal('warn');
    for (const level of ['fatal', 'panic', 'warning'])
      expect(problemOf(withSection(`log: {level: ${level}}`))).to.include(
        'expected one of debug, info, warn, error',
      );
    expect(levelOf('loglevel: debug')).to.equal('debug');
    expect(levelOf('loglevel: debug\nlog: {level: error}')).to.equal('error');
  });

  it('take durations without a unit as nanoseconds, and say so', () => {
    const endpoint = (timeout: string) =>
      withSection(`notifications: {endpoints: [{name: a, url: "https://a", timeout: ${timeout}}]}`);
    const { notifications, notices } = parse(endpoint('2000000000'));
    expect(notifications.endpoints[0]?.timeout).to.equal(2000);
    expect(notices).to.have.length(1);
    expect(notices[0]).to.match(/^notifications\.endpoints\.0\.timeout: 2000000000 has no unit.*\(2 s\)$/);
    expect(problemOf(endpoint('500')))
      .to.include('nanoseconds')
      .and.to.include('expected a duration');
    expect(parse(endpoint('1h1m1s1ms')).notifications.endpoints[0]?.timeout).to.equal(3_661_001);
    expect(parse(endpoint('2500000ns')).notifications.endpoints[0]?.timeout).to.equal(2.5);
    for (const wrong of ['-1s', '1d', '"5"', '10us', '[1s]', '30000h'])
      expect(problemOf(endpoint(wrong)), wrong).to.include('expected a duration');
  });

  it("take the names of fields of Distribution's program in variables", () => {
    const config = parse(EXAMPLE, { REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES: 'true' });
    expect(config.notifications.includereferences).to.equal(true);
    const problem = problemOf(EXAMPLE, { REGISTRY_HEALTH_FILECHECKERS_0_FILE: '/x' });
    expect(problem).to.match(/^health\.file\.0: .*\(from REGISTRY_HEALTH_FILECHECKERS_0_FILE\)$/);
    expect(
      parse(EXAMPLE, { 'REGISTRY_HTTP_HEADERS_X-Frame-Options': '[DENY]' }).http.headers,
    ).to.deep.include({
      'x-frame-options': ['DENY'],
    });
  });
});

describe('values that others build on', () => {
  it('have the prefix without a slash at its end, and none at the root', () => {
    const prefixOf = (text: string) => parse(withHttp(`prefix: ${text}`)).http.prefix;
    expect(['/my/registry/', 'registry', '/', '""'].map(prefixOf)).to.deep.equal([
      '/my/registry',
      '/registry',
      '',
      '',
    ]);
  });

  it('distinguish whether relative URLs were requested, refused, or not mentioned', () => {
    const found = ['relativeurls: true', 'relativeurls: false', 'net: tcp'].map(
      (key) => parse(withHttp(key)).http.relativeurls,
    );
    expect(found).to.deep.equal([true, false, undefined]);
  });

  it("have TLS in Node's and OpenSSL's names, and TLS 1.3 on as Go has it", () => {
    const { tls } = parse(
      withTls('minimumtls: tls1.3, ciphersuites: [TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]'),
    ).http;
    expect(tls?.minimumVersion).to.equal('TLSv1.3');
    expect(tls?.ciphers).to.equal(
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-CHACHA20-POLY1305',
    );
    expect(parse(withTls('ciphersuites: []')).http.tls?.ciphers).to.equal(undefined);
  });

  it('have pages of the default size when a file says 0 or less', () => {
    const config = parse(withSection('catalog: {maxentries: 0}\ntags: {maxtags: -1}'));
    expect([config.catalog.maxentries, config.tags.maxtags]).to.deep.equal([1000, 1000]);
  });

  it('warn of credentials that webhooks are sent over plain HTTP', () => {
    const hook = (url: string) =>
      parse(
        withSection(
          `notifications: {endpoints: [{name: a, url: "${url}", headers: {Authorization: [hunter2]}}]}`,
        ),
      ).notices;
    expect(hook('http://hook.example.net/')).to.deep.equal([
      'notifications.endpoints: the headers for a are sent over plain HTTP',
    ]);
    expect([...hook('https://hook.example.net/'), ...hook('http://127.0.0.1:1/')]).to.deep.equal([]);
  });
});
