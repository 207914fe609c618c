/**
 * Promise: what a door lets through is what the handler behind it does: no spelling of a path reaches a repository that
 * the door has not been asked about, with tokens, without, and with passwords.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Skopeo } from '../support/clients/skopeo.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { askToken, basic, PASSWORD, startTokenRegistry, type TokenRegistry } from './registry.ts';

/** Spellings of `user2/secret`, most of them below a name that user1 may pull. */
const SPELLINGS: readonly string[] = [
  '/v2/user2/secret/manifests/1',
  '/v2/user2%2Fsecret/manifests/1',
  '/v2/user2%2fsecret/manifests/1',
  '/v2/user2%252Fsecret/manifests/1',
  '/v2/%75ser2/secret/manifests/1',
  '/v2/%2575ser2/secret/manifests/1',
  '/v2/user1/a/../../user2/secret/manifests/1',
  '/v2/user1/a/%2e%2e/%2e%2e/user2/secret/manifests/1',
  '/v2/user1/a/%2E%2E/%2E%2E/user2/secret/manifests/1',
  '/v2/user1/a/%252e%252e/%252e%252e/user2/secret/manifests/1',
  '/v2/user1/a/..%2f..%2fuser2/secret/manifests/1',
  '/v2/user1/a/..%5c..%5cuser2/secret/manifests/1',
  '/v2/user1/a/..\\..\\user2\\secret/manifests/1',
  '/v2/user1/a/..;/..;/user2/secret/manifests/1',
  '/v2/user1/a/%c0%ae%c0%ae/%c0%ae%c0%ae/user2/secret/manifests/1',
  '/v2/user1/a/manifests/../../../user2/secret/manifests/1',
  '/v2/user1/a/manifests/..%2f..%2f..%2fuser2%2fsecret%2fmanifests%2f1',
  '/v2/user1/a/blobs/uploads/../../../../user2/secret/manifests/1',
  '/v2/user1/a/tags/list/../../../../user2/secret/manifests/1',
  '/v2//user2/secret/manifests/1',
  '/v2/user2//secret/manifests/1',
  '/v2/./user2/secret/manifests/1',
  '/v2/user2/./secret/manifests/1',
  '/v2/user2/secret/./manifests/1',
  '//v2/user2/secret/manifests/1',
  '/v2/user2/secret//manifests/1',
  '/v2/user2/secret/manifests//1',
  '/v2/user2/secret/manifests/1/',
  '/v2/user2/secret/manifests/1%00',
  '/v2/user2/secret%00/manifests/1',
  '/v2/user2/secret%20/manifests/1',
  '/v2/user2/secret./manifests/1',
  '/v2/user2/secret;a=b/manifests/1',
  '/v2/user2/secret%23/manifests/1',
  '/v2/user2/secret%3f/manifests/1',
  '/v2/USER2/secret/manifests/1',
  '/v2/User2/Secret/manifests/1',
  '/v2/user2/SECRET/manifests/1',
  '/V2/user2/secret/manifests/1',
  '/v2/user2/secret/MANIFESTS/1',
  '/v2/user2/%C5%BFecret/manifests/1',
  '/auth/../v2/user2/secret/manifests/1',
  '/api/../v2/user2/secret/manifests/1',
  '/origin/../v2/user2/secret/manifests/1',
  'http://elsewhere/v2/user2/secret/manifests/1',
  'http://user1@127.0.0.1/v2/user2/secret/manifests/1',
  '/v2/user1/a/manifests/1?name=user2/secret',
  '/v2/user1/a/manifests/1#/v2/user2/secret/manifests/1',
  '?/v2/user2/secret/manifests/1',
  '*',
];

/** What proxies and frameworks have been made to believe. */
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'x-original-url': '/v2/user2/secret/manifests/1' },
  { 'x-rewrite-url': '/v2/user2/secret/manifests/1' },
  { 'x-http-method-override': 'DELETE' },
  { 'x-forwarded-user': 'user2' },
  { 'x-remote-user': 'user2' },
  { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
];

requires(['skopeo'])('a path with a trick in it', () => {
  const held = new AsyncDisposableStack();
  let bearer: TokenRegistry;
  let byPassword: TokenRegistry;
  let layout: ImageLayout;
  let token: string;

  /** As it is written: unlike fetch, this neither resolves dots nor decodes anything. */
  const ask = async (
    url: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    method = 'GET',
  ) => {
    const { hostname, port } = new URL(url);
    const outgoing = request({ hostname, port, path, method, headers: { accept: '*/*', ...headers } }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const answer = `${response.rawHeaders.join('\n')}\n${await text(response)}`;
    return { status: response.statusCode ?? 0, answer };
  };
  /** Whatever is said, it is none of what lies there. */
  const expectNothing = async (url: string, path: string, headers: Readonly<Record<string, string>>) => {
    const { status, answer } = await ask(url, path, headers);
    const where = `${path} ${JSON.stringify(Object.keys(headers))}`;
    expect(status, where).to.be.oneOf([400, 401, 403, 404, 405]);
    expect(answer, where).not.to.include(layout.digests.multi);
    expect(answer, where).not.to.include('schemaVersion');
  };

  before(async () => {
    layout = await makeImageLayout(held.use(await tempDir('image')).path);
    bearer = held.use(await startTokenRegistry());
    byPassword = held.use(
      await startTokenRegistry({
        people: bearer.people,
        more: {
          auth: { htpasswd: { realm: 'Registry', path: bearer.people } },
          ...{ token: undefined, accounts: undefined },
        },
      }),
    );
    await using skopeo = await Skopeo.open();
    for (const { registry } of [bearer, byPassword]) {
      await skopeo.login(registry.host, { username: 'user2', password: `user2${PASSWORD}` });
      await skopeo.copyAll(layout.directory, 'multi', `${registry.host}/user2/secret:1`);
    }
    const answer = await askToken(bearer.registry.url, ['repository:user1/a:pull,push,delete'], 'user1');
    token = answer.token;
  });
  after(() => held.disposeAsync());

  it('is distinguished from one without: its owner gets it', async () => {
    const { token: owners } = await askToken(bearer.registry.url, ['repository:user2/secret:pull'], 'user2');
    for (const path of [
      '/v2/user2/secret/manifests/1',
      '/v2/user2%2Fsecret/manifests/1',
      '/v2/%75ser2/secret/manifests/1',
    ]) {
      const { status, answer } = await ask(bearer.registry.url, path, { authorization: `Bearer ${owners}` });
      expect(status, path).to.equal(200);
      expect(answer).to.include('schemaVersion');
    }
    const { status } = await ask(byPassword.registry.url, '/v2/user2/secret/manifests/1', {
      authorization: basic('user2'),
    });
    expect(status).to.equal(200);
  });

  for (const path of SPELLINGS)
    it(`leads nobody to what is not theirs: ${path}`, async () => {
      await expectNothing(bearer.registry.url, path, { authorization: `Bearer ${token}` });
      await expectNothing(bearer.registry.url, path, {});
      await expectNothing(byPassword.registry.url, path, { authorization: basic('user1') });
      await expectNothing(byPassword.registry.url, path, {});
    });

  for (const headers of HEADERS)
    it(`is not made up by headers either: ${Object.keys(headers).join(', ')}`, async () => {
      for (const path of ['/v2/user2/secret/manifests/1', '/v2/user1/a/manifests/1']) {
        await expectNothing(bearer.registry.url, path, { authorization: `Bearer ${token}`, ...headers });
        await expectNothing(byPassword.registry.url, path, { authorization: basic('user1'), ...headers });
      }
    });

  it('says the same of what is there and of what is not, in every way to ask', async () => {
    const { multi } = layout.digests;
    const [layer = layout.blobs[0]] = layout.layers.amd64;
    const asks: readonly (readonly [method: string, path: (name: string) => string])[] = [
      ['GET', (name) => `/v2/${name}/manifests/1`],
      ['HEAD', (name) => `/v2/${name}/manifests/${multi}`],
      ['GET', (name) => `/v2/${name}/blobs/${layer?.digest}`],
      ['HEAD', (name) => `/v2/${name}/blobs/${layer?.digest}`],
      ['GET', (name) => `/v2/${name}/tags/list`],
      ['GET', (name) => `/v2/${name}/referrers/${multi}`],
      ['POST', (name) => `/v2/${name}/blobs/uploads/`],
      ['POST', (name) => `/v2/${name}/blobs/uploads/?mount=${layer?.digest}&from=user1/a`],
      ['PUT', (name) => `/v2/${name}/manifests/1`],
      ['DELETE', (name) => `/v2/${name}/manifests/${multi}`],
      ['DELETE', (name) => `/v2/${name}/blobs/${layer?.digest}`],
      ['PATCH', (name) => `/v2/${name}/blobs/uploads/6f9c5d0e-5a5e-4a57-9b0a-0d6d6d0d6d6d`],
    ];
    /** Without what is another one each time. */
    const told = (answer: string, name: string) =>
      answer.replaceAll(name, 'NAME').replaceAll(/^(x-request-id|date|content-length)\n.*\n/gim, '');
    for (const [url, headers] of [
      [bearer.registry.url, { authorization: `Bearer ${token}` }],
      [bearer.registry.url, {}],
      [byPassword.registry.url, { authorization: basic('user1') }],
      [byPassword.registry.url, {}],
    ] as const)
      for (const [method, path] of asks) {
        const there = await ask(url, path('user2/secret'), headers, method);
        const nowhere = await ask(url, path('user2/nothing'), headers, method);
        expect(there.status, method).to.be.oneOf([401, 403, 404]);
        expect(told(there.answer, 'user2/secret')).to.equal(told(nowhere.answer, 'user2/nothing'));
      }
  });

  it('mounts nothing out of a repository that its client may not pull', async () => {
    const [layer] = layout.layers.amd64;
    expect(layer?.digest).to.match(/^sha256:/);
    for (const from of ['user2/secret', undefined]) {
      const query = new URLSearchParams({ mount: layer?.digest ?? '', ...(from && { from }) });
      for (const [url, authorization] of [
        [bearer.registry.url, `Bearer ${token}`],
        [byPassword.registry.url, basic('user1')],
      ] as const) {
        const { status } = await ask(url, `/v2/user1/a/blobs/uploads/?${query}`, { authorization }, 'POST');
        // 202: send the bytes, as if the blob were nowhere.
        expect(status).to.equal(202);
      }
    }
  });
});
