/**
 * Promise: nothing that a user can write makes a node connect anywhere. Each place where a URL, a host or a name could
 * stand is filled with the address of a port that is listened to, and nobody comes.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pushBlob, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { Content, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import type { TestRegistry } from '../support/registry.ts';
import { startRegistry } from '../support/registry.ts';
import { type Canary, startCanary } from './canary.ts';
import { BASIC, SERVICE, startGuardedRegistry, tokenFor } from './guarded-registry.ts';

const anyLayer = () => new Content(newBytes());
const SOME = anyLayer();

describe('URLs that users can set', function () {
  this.timeout(60_000);
  let guarded: TestRegistry;
  let open: TestRegistry;
  let canary: Canary;
  before(async () => {
    canary = await startCanary();
    guarded = await startGuardedRegistry();
    open = await startRegistry({ delete: true });
  });
  after(async () => {
    await open[Symbol.asyncDispose]();
    await guarded[Symbol.asyncDispose]();
    await canary[Symbol.asyncDispose]();
  });
  /** Every spelling of a way to the canary. */
  const ways = (path = '') => [
    ...['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1'].map(
      (host) => `http://${host}:${canary.port}/${path}`,
    ),
    ...[
      `https://127.0.0.1:${canary.port}/${path}`,
      `//127.0.0.1:${canary.port}/${path}`,
      `127.0.0.1:${canary.port}`,
    ],
    ...[
      `redis://127.0.0.1:${canary.port}`,
      `http://alice:secret@127.0.0.1:${canary.port}/`,
      'file:///etc/passwd',
    ],
  ];
  const silent = async () => {
    await sleep(100);
    expect(canary.heard).to.deep.equal([]);
  };

  it('are set with a canary that notices every connection', async () => {
    for (const host of ['127.0.0.1', '::1']) connect(canary.port, host).end('hello');
    await eventually(
      'the canary hears',
      () => canary.heard.length === 2 && canary.heard.every((each) => each === 'hello'),
    );
    canary.heard.splice(0);
  });

  it('in manifests: of foreign layers, of descriptors, subjects, indexes and annotations', async () => {
    const config = await pushBlob(open.url, 'candidate/a', newBytes(), MEDIA_TYPES.config);
    const layer = anyLayer();
    const foreign = { ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' };
    const taken: number[] = [];
    for (const [i, url] of ways('layer').entries()) {
      const annotations = Object.fromEntries(
        ['source', 'url', 'documentation', 'ref.name', 'base.name'].map((name) => [
          `org.opencontainers.image.${name}`,
          url,
        ]),
      );
      const subject = { ...anyLayer(), mediaType: MEDIA_TYPES.image, urls: [url] };
      const image = new Image({
        ...{ annotations, artifactType: 'application/x', subject },
        config: { ...config, urls: [url] },
        layers: [{ ...foreign, urls: [url], annotations }],
      });
      const put = ({ bytes, mediaType }: Content, tag: string) =>
        putManifest(open.url, 'candidate/a', tag, bytes, mediaType);
      taken.push((await put(image, `i${i}`)).status);
      const child = { ...image, urls: [url], annotations };
      taken.push((await put(manifestOf(MEDIA_TYPES.index, { manifests: [child] }), `x${i}`)).status);
      for (const path of [`manifests/i${i}`, `blobs/${layer.digest}`, `referrers/${subject.digest}`])
        await send(open.url, `/v2/candidate/a/${path}`);
    }
    // Most were taken, as the documents that they are.
    expect(taken.filter((status) => status === 201)).to.have.length.above(8);
    const promoted = await open.cli(['promote', 'candidate/a:i0', 'a:1'], { allowFailure: true });
    expect(promoted.stdout + promoted.stderr).not.to.equal('');
    await open.offline(['check'], { allowFailure: true });
    await silent();
  });

  it('in paths and queries: names, tags, digests, mounts, pages and referrers', async () => {
    // Some are no targets that a client may send.
    for (const url of ways())
      for (const text of [url, encodeURIComponent(url)])
        for (const [method, path] of [
          ['POST', `/v2/candidate/b/blobs/uploads/?mount=${SOME.digest}&from=${text}`],
          ['POST', `/v2/candidate/b/blobs/uploads/?mount=${text}&from=candidate/a`],
          ['POST', `/v2/candidate/b/blobs/uploads/?digest=${text}`],
          ['GET', `/v2/${text}/tags/list`],
          ['GET', `/v2/candidate/b/manifests/${text}`],
          ['GET', `/v2/candidate/b/blobs/${text}`],
          ['PATCH', `/v2/candidate/b/blobs/uploads/${text}?_state=${text}`],
          ['GET', `/v2/candidate/b/tags/list?n=5&last=${text}&ns=${text}`],
          ['GET', `/v2/_catalog?last=${text}&ns=${text}`],
          ['GET', `/v2/candidate/b/referrers/${SOME.digest}?artifactType=${text}`],
          ['GET', `/api/v1/explain?repository=a&digest=${text}&client=${text}`],
          ['GET', text],
        ] as const)
          await send(open.url, path, { method }).catch(() => undefined);
    await silent();
  });

  it('in headers: hosts, forwarded ones, referers and all that may name an address', async () => {
    for (const url of ways())
      for (const name of [
        ...[
          'host',
          'x-forwarded-host',
          'x-forwarded-for',
          'x-forwarded-proto',
          'x-forwarded-prefix',
          'x-original-url',
        ],
        ...[
          'x-rewrite-url',
          'forwarded',
          'referer',
          'origin',
          'destination',
          'link',
          'location',
          'via',
          'from',
          'true-client-ip',
        ],
        ...[
          'x-registry-auth',
          'docker-upload-uuid',
          'content-location',
          'x-real-ip',
          'proxy',
          'x-callback-url',
          'accept',
        ],
      ])
        for (const [method, path] of [
          ['GET', '/v2/'],
          ['POST', '/v2/candidate/c/blobs/uploads/'],
        ] as const)
          for (const { url: base } of [open, guarded])
            await send(base, path, {
              method,
              headers: { [name]: name === 'forwarded' ? `for=1.2.3.4;host="${url}"` : url },
            });
    await silent();
  });

  it('in requests for promotions', async () => {
    for (const url of ways())
      for (const body of [
        { source: url, target: 'a:1' },
        { source: `${url}:1`, target: `${url}:2` },
        { source: 'candidate/a:i0', target: 'b:1', actor: url, waitMirrors: 0, callback: url },
      ])
        await send(open.url, '/api/v1/promotions', {
          ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
          body: Buffer.from(JSON.stringify(body)),
        });
    await silent();
  });

  it('in what is said to the token service, and in tokens of one’s own', async () => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    for (const url of ways()) {
      const asked = new URLSearchParams({
        service: url,
        account: url,
        client_id: url,
        scope: `repository:${url}:pull`,
        redirect_uri: url,
        state: url,
        code: url,
        iss: url,
      });
      const form = new URLSearchParams({
        ...Object.fromEntries(asked),
        grant_type: 'password',
        username: url,
        password: url,
      });
      const refresh = new URLSearchParams({
        ...Object.fromEntries(asked),
        grant_type: 'refresh_token',
        refresh_token: url,
      });
      for (const path of ['token', 'login', 'callback', 'robots', 'jwks.json'])
        await send(guarded.url, `/auth/${path}?${asked}`, { headers: { authorization: BASIC } });
      for (const body of [form, refresh])
        await send(guarded.url, '/auth/token', {
          ...{ method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
          body: Buffer.from(body.toString()),
        });
      const basic = `Basic ${Buffer.from(`${url}:${url}`).toString('base64')}`;
      await send(guarded.url, `/auth/token?service=${SERVICE}`, { headers: { authorization: basic } });
      for (const header of [
        { alg: 'ES256', typ: 'JWT', kid: url },
        { alg: 'ES256', jku: url, kid: 'a' },
        { alg: 'RS256', x5u: url, kid: 'a' },
        { alg: 'ES256', jwk: { kty: 'EC', crv: 'P-256', x5u: url } },
        { alg: 'RS256', x5c: [url] },
      ]) {
        const token = `${encode(header)}.${encode({ iss: url, aud: SERVICE, sub: url, exp: 4e9 })}.${'A'.repeat(86)}`;
        const answer = await send(guarded.url, '/v2/', { headers: { authorization: `Bearer ${token}` } });
        expect(answer.status).to.equal(401);
      }
    }
    await silent();
  });

  it('by a user with every right', async () => {
    const token = await tokenFor(
      guarded.url,
      'repository:candidate/z:pull,push',
      'access:administer:*',
      'registry:catalog:*',
    );
    for (const url of ways()) {
      const authorization = `Bearer ${token}`;
      await send(
        guarded.url,
        `/v2/candidate/z/blobs/uploads/?mount=${SOME.digest}&from=${encodeURIComponent(url)}`,
        { method: 'POST', headers: { authorization } },
      );
      await send(guarded.url, '/auth/robots', {
        ...{ method: 'POST', headers: { authorization, 'content-type': 'application/json' } },
        body: Buffer.from(JSON.stringify({ name: url, groups: [url], description: url, url })),
      });
    }
    await silent();
  });
});
