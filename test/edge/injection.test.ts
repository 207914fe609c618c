/**
 * Promise: whatever clients write into names, hosts, targets and forwarded headers, no header of an answer is theirs:
 * none ends early, none is added, and no Location, Link or challenge leads to a host that a client made up.
 */
import { expect } from 'chai';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { startGuardedRegistry } from './guarded-registry.ts';
import { rawConnection } from './raw.ts';

const EVIL = 'evil.example';
const INJECTED = 'X-Injected';

/** What may be put into a header's value, or into a target, that has an end of its own. */
const ENDS = [
  '\r\n',
  '\n',
  '\r',
  '%0d%0a',
  '%0a',
  '%0D%0A%20',
  '\u560d\u560a',
  '%E5%98%8A%E5%98%8D',
  '\u2028',
  '\x00',
  '\x0b',
  '%00',
  '"',
  '\\"',
  '>',
];
const TEXTS = [
  ...ENDS.map((end) => `a${end}${INJECTED}: 1`),
  ...ENDS.map((end) => `localhost${end}Location: http://${EVIL}/`),
  ...[
    EVIL,
    `${EVIL}:80`,
    `localhost@${EVIL}`,
    `localhost:1@${EVIL}`,
    `${EVIL}#`,
    `${EVIL}?`,
    `${EVIL}/`,
    `\\${EVIL}`,
    `//${EVIL}`,
  ],
  ...[
    `localhost, ${EVIL}`,
    `${EVIL}, localhost`,
    `[::1]${EVIL}`,
    `[::1].${EVIL}`,
    `a".${EVIL}`,
    `a",realm="http://${EVIL}`,
    `a" b="`,
  ],
];

/** What cannot stand in a request's first line as it is. */
const NOT_IN_TARGETS = /[^!#-;=?-[\]-~]/g;

interface Head {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

describe('header injection', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  const ports = new Map<string, number>();
  before(async () => {
    const add = (name: string, registry: TestRegistry) => {
      held.use(registry);
      ports.set(name, Number(new URL(registry.url).port));
    };
    // An administrator who asks for absolute URLs, and says that whoever connects is a proxy.
    const proxied = { relativeurls: false, trustedproxies: ['127.0.0.0/8'] };
    const http = (more: object) => (config: Readonly<Record<string, unknown>>) => ({
      ...config,
      auth: { none: {} },
      http: { ...(config['http'] as object), ...more },
    });
    add('plain', await startRegistry({ promotion: false, config: http({}) }));
    add(
      'absolute',
      await startRegistry({ promotion: false, config: http({ relativeurls: false, prefix: '/registry/' }) }),
    );
    add('proxied', await startRegistry({ promotion: false, config: http(proxied) }));
    add(
      'named',
      await startRegistry({
        promotion: false,
        config: http({ host: 'https://registry.example.org', trustedproxies: ['127.0.0.0/8'] }),
      }),
    );
    add('guarded', await startGuardedRegistry());
  });
  after(() => held.disposeAsync());

  /** Sends a request as it stands and reads the heads of all answers. */
  async function ask(
    registry: string,
    method: string,
    target: string,
    headers: readonly string[] = [],
  ): Promise<Head[]> {
    using connection = await rawConnection(ports.get(registry) ?? 0);
    const hosts = headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: localhost'];
    const lines = [
      `${method} ${target} HTTP/1.1`,
      ...hosts,
      ...headers,
      'Connection: close',
      'Content-Length: 0',
    ];
    connection.socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8'));
    await connection.closed;
    return [...connection.received().matchAll(/HTTP\/1\.1 (\d+)[^\r\n]*\r\n(.*?)\r\n\r\n/gs)].map(
      ([, status, block = '']) => ({
        status: Number(status),
        fields: block.split('\r\n').map((line) => {
          const at = line.indexOf(':');
          return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()] as const;
        }),
      }),
    );
  }

  function judge(heads: readonly Head[], what: string): void {
    expect(heads.length, what).to.be.at.most(1);
    for (const { status, fields } of heads) {
      expect(status, what).to.be.below(500);
      for (const [name, value] of fields) {
        expect(name, what)
          .to.match(/^[a-z][a-z0-9-]*$/)
          .and.not.to.equal(INJECTED.toLowerCase());
        expect(value, what).to.match(/^[\t\x20-\x7e]*$/);
        if (name === 'location') judgeUrl(value, what);
        if (name === 'link')
          judgeUrl(/^<([^<>]*)>; rel="next"$/.exec(value)?.[1] ?? `not a link: ${value}`, what);
        if (name === 'www-authenticate') judgeChallenge(value, what);
      }
      const names = fields.map(([name]) => name);
      for (const name of ['location', 'link', 'www-authenticate', 'content-length'])
        expect(
          names.filter((each) => each === name),
          what,
        ).to.have.length.at.most(1);
    }
  }

  /** Relative, or at a host that may be named here: never one after a user, nor what another parser takes for a host. */
  function judgeUrl(text: string, what: string): void {
    expect(text, what).not.to.match(/[\\\s<>"]/);
    const url = new URL(text, 'http://here.example/');
    expect(url.username + url.password, what).to.equal('');
    expect(['http:', 'https:'], what).to.include(url.protocol);
    if (text.startsWith('/')) expect(text, what).to.match(/^\/[^/]/);
    else expect(text, what).to.match(/^https?:\/\/[\w.:[\]-]+\//);
  }

  function judgeChallenge(value: string, what: string): void {
    expect(value, what).to.match(/^(?:Bearer|Basic) (?:[a-z_]+="[^"\\]*")(?:,[a-z_]+="[^"\\]*")*$/);
    const keys = [...value.matchAll(/([a-z_]+)="/g)].map(([, key]) => key);
    expect(keys, what).to.deep.equal([...new Set(keys)]);
    const realm = /realm="([^"]*)"/.exec(value)?.[1] ?? '';
    if (/^https?:/.test(realm)) judgeUrl(realm, what);
  }

  for (const registry of ['plain', 'absolute', 'proxied', 'named', 'guarded'])
    it(`is possible by no name, host or forwarded header: ${registry}`, async () => {
      const prefix = registry === 'absolute' ? '/registry' : '';
      const upload = `${prefix}/v2/hello/blobs/uploads/`;
      let judged = 0;
      for (const text of TEXTS) {
        const target = text.replaceAll(NOT_IN_TARGETS, encodeURIComponent);
        for (const [method, path, headers] of [
          ['POST', upload, [`Host: ${text}`]],
          ['POST', upload, [`X-Forwarded-Host: ${text}`]],
          [
            'POST',
            upload,
            [`X-Forwarded-Proto: ${text}`, `X-Forwarded-Host: ${text}`, `X-Forwarded-For: ${text}`],
          ],
          ['POST', upload, [`Forwarded: for=1.2.3.4;proto=http;host="${text}"`]],
          ['POST', upload, [`X-Forwarded-Prefix: ${text}`, `X-Original-URL: ${text}`]],
          ['POST', `http://${target}${upload}`, []],
          ['POST', `${prefix}/v2/${target}/blobs/uploads/`, []],
          ['POST', `${upload}?mount=${target}&from=${target}`, []],
          ['GET', `${prefix}/v2/hello/tags/list?n=1&last=${target}`, []],
          ['GET', `${prefix}/v2/_catalog?n=1&last=${target}`, []],
          ['GET', `${prefix}/v2/hello/manifests/${target}`, []],
          ['GET', `${prefix}/v2/${target}/tags/list`, [`Authorization: Bearer ${text}`]],
          ['GET', `${prefix}/v2/`, [`Authorization: Basic ${Buffer.from(text).toString('base64')}`]],
          ['GET', `${prefix}/v2/`, [`Authorization: ${text}`, `X-Request-Id: ${text}`]],
          ['GET', `/auth/login?redirect=${target}&state=${target}`, []],
          ['GET', `/auth/token?service=${target}&scope=repository:${target}:pull&account=${target}`, []],
        ] as const) {
          const what = `${registry}: ${JSON.stringify({ method, path, headers })}`;
          const heads = await ask(registry, method, path, headers);
          judge(heads, what);
          judged += heads.length;
        }
      }
      expect(judged).to.be.above(TEXTS.length * 12);
    });

  const locationOf = async (registry: string, headers: readonly string[]) => {
    const [head] = await ask(
      registry,
      'POST',
      `${registry === 'absolute' ? '/registry' : ''}/v2/hello/blobs/uploads/`,
      headers,
    );
    expect(head?.status).to.equal(202);
    return head?.fields.find(([name]) => name === 'location')?.[1] ?? '';
  };

  it('is no means to be sent elsewhere where the registry has no name, also through a proxy', async () => {
    for (const registry of ['plain', 'absolute', 'proxied']) {
      const location = await locationOf(registry, [
        `X-Forwarded-Host: ${EVIL}`,
        `X-Forwarded-Proto: https`,
        `Forwarded: host=${EVIL}`,
      ]);
      expect(location).not.to.include(EVIL).and.not.to.include('https');
    }
  });

  it('is no means to be sent elsewhere where the registry has a name of its own', async () => {
    const location = await locationOf('named', [`Host: ${EVIL}`, `X-Forwarded-Host: ${EVIL}`]);
    expect(location).to.match(/^https:\/\/registry\.example\.org\/v2\/hello\//);
  });
});
