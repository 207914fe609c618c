/**
 * Promise: who may not look into a repository learns nothing of it: not whether it is there, not what is in it, by no
 * endpoint, and gets no byte of it by way of another one.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { ApiNode } from '../../services/api/node.ts';
import { apiRoutes } from '../../services/api/routes.ts';
import { type Answer, jsonOf } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { hexOf, sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { type Descriptor, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import {
  type Asked,
  allOf,
  type Guard,
  type LeakWorld,
  type Person,
  pushBlobAs,
  pushManifestAs,
  type Secret,
  startLeakWorld,
} from './leak-world.ts';

/** A repository of nobody's that is not there, of a name as long as that of the secret. */
const ABSENT = 'alice/absent';

/** Every request that names a repository: by its route, for the secret's name or another one's. */
function requests({
  layer,
  image,
  uploadId,
}: Secret): (readonly [route: string, asked: (name: string) => Asked])[] {
  const manifest = new Image({ config: layer, layers: [layer] }).bytes;
  const json = { 'content-type': MEDIA_TYPES.image };
  const each = (method: string, route: string, path: string, more: Partial<Asked> = {}) =>
    [
      `${method} ${route}`,
      (name: string): Asked => ({ method, path: `/v2/${name}${path}`, scopes: [allOf(name)], ...more }),
    ] as const;
  const [BLOB, MANIFEST] = ['/v2/*name/blobs/:digest', '/v2/*name/manifests/:reference'];
  const [UPLOADS, UPLOAD] = ['/v2/*name/blobs/uploads/', '/v2/*name/blobs/uploads/:id'];
  const upload = `/blobs/uploads/${uploadId}`;
  return [
    each('GET', BLOB, `/blobs/${layer.digest}`),
    each('GET', BLOB, `/blobs/${layer.digest}`, { headers: { range: 'bytes=0-9' } }),
    each('GET', BLOB, '/blobs/sha256:short'),
    each('HEAD', BLOB, `/blobs/${layer.digest}`),
    each('GET', MANIFEST, '/manifests/v1'),
    each('GET', MANIFEST, `/manifests/${image.digest}`),
    each('GET', MANIFEST, '/manifests/v1', { headers: { 'if-none-match': `"${image.digest}"` } }),
    each('HEAD', MANIFEST, '/manifests/v1'),
    each('PUT', MANIFEST, '/manifests/v1', { body: manifest, headers: json }),
    each('PUT', MANIFEST, '/manifests/v1', { body: manifest, headers: { ...json, 'if-none-match': '*' } }),
    each('PUT', MANIFEST, `/manifests/${sha256(manifest)}?tag=a`, { body: manifest, headers: json }),
    each('DELETE', MANIFEST, '/manifests/v1'),
    each('DELETE', MANIFEST, `/manifests/${image.digest}`),
    each('POST', UPLOADS, '/blobs/uploads/'),
    each('POST', UPLOADS, `/blobs/uploads/?mount=${layer.digest}&from=stable/base`),
    each('POST', UPLOADS, `/blobs/uploads/?mount=${layer.digest}`),
    each('GET', UPLOAD, upload),
    each('PATCH', UPLOAD, upload, { body: Buffer.from('bytes') }),
    each('PUT', UPLOAD, `${upload}?digest=${layer.digest}`, { body: Buffer.from('bytes') }),
    each('DELETE', UPLOAD, upload),
    each('DELETE', BLOB, `/blobs/${layer.digest}`),
    each('GET', '/v2/*name/tags/list', '/tags/list'),
    each('GET', '/v2/*name/tags/list', '/tags/list?n=1&last=a'),
    each('GET', '/v2/*name/referrers/:digest', `/referrers/${image.digest}`),
  ];
}

/** All of an answer but what differs with each request, and the repository's name. */
function told(answer: Answer, name: string): object {
  const { date: _, 'x-request-id': __, ...headers } = answer.headers;
  const text = JSON.stringify({ headers, body: answer.body.toString('latin1') });
  return { status: answer.status, ...(JSON.parse(text.replaceAll(name, 'NAME')) as object) };
}

describe('a repository that a client may not read', function () {
  this.timeout(120_000);
  let world: LeakWorld;
  let receiver: Server;
  const events: string[] = [];

  before(async () => {
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        events.push(Buffer.concat(chunks).toString());
        response.end();
      });
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    world = await startLeakWorld({ notifications: { endpoints: [{ name: 'hook', url }] } });
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    receiver.closeAllConnections();
    receiver.close();
  });

  const guards: readonly (readonly [string, (from: LeakWorld) => Guard])[] = [
    ['with tokens', ({ bearer }) => bearer],
    ['with passwords', ({ basic }) => basic],
  ];

  it('is tried at every endpoint that names a repository', () => {
    const named = apiRoutes({} as ApiNode).filter(({ path }) => path.includes('*name'));
    const asked = requests({ ...world.secret }).map(([route]) => route);
    for (const { method, path, requiredAccess } of named) {
      expect(asked, path).to.include(`${method} ${path}`);
      expect(requiredAccess, path).not.to.equal(undefined);
    }
  });

  for (const [how, guardOf] of guards) {
    for (const who of ['bob', 'rita', undefined] as const)
      it(`looks like a missing one to ${who ?? 'anonymous clients'}, ${how}, at every endpoint`, async () => {
        const { secret } = world;
        const guard = guardOf(world);
        for (const [route, asked] of requests(secret)) {
          const there = await guard.as(who, asked(secret.name));
          const absent = await guard.as(who, asked(ABSENT));
          expect(told(there, secret.name), route).to.deep.equal(told(absent, ABSENT));
          expect(there.status, route).to.be.oneOf([401, 403, 404]);
          expect(there.body.toString(), route).not.to.include(secret.layer.digest);
        }
      });

    it(`exists for its owner, ${how}`, async () => {
      const guard = guardOf(world);
      for (const [route, asked] of requests(world.secret).filter(([each]) => /^(GET|HEAD) /.test(each))) {
        const answer = await guard.as('alice', asked(world.secret.name));
        if (!asked('x').path.includes('short')) expect(answer.status, route).to.be.below(400);
      }
    });

    it(`has blobs that cannot be mounted, ${how}, as if they did not exist`, async () => {
      const { secret } = world;
      const guard = guardOf(world);
      const to = `bob/mounts-${how.slice(5)}`;
      const mount = (digest: string, from?: string) =>
        guard.as('bob', {
          ...{ method: 'POST', scopes: [allOf(to), ...(from ? [`repository:${from}:pull`] : [])] },
          path: `/v2/${to}/blobs/uploads/?mount=${digest}${from === undefined ? '' : `&from=${from}`}`,
        });
      const random = sha256(newBytes());
      for (const digest of [secret.layer.digest, secret.config.digest, secret.image.digest])
        for (const [from, other] of [
          [secret.name, ABSENT],
          [undefined, undefined],
        ] as const) {
          const answers = [await mount(digest, from), await mount(random, from), await mount(digest, other)];
          for (const answer of answers) {
            expect(answer.status).to.equal(202);
            expect(Object.keys(answer.headers)).to.deep.equal(Object.keys(answers[0]?.headers ?? {}));
            expect(answer.body).to.have.length(0);
          }
          const got = await guard.as('bob', { path: `/v2/${to}/blobs/${digest}`, scopes: [allOf(to)] });
          expect(got.status).to.equal(404);
        }
    });

    it(`can be pulled and mounted from once it is shared, ${how}`, async () => {
      const guard = guardOf(world);
      const { digest } = await pushBlobAs(world.bearer, 'alice', 'alice/shared', newBytes());
      const to = `bob/shared-${how.slice(5)}`;
      const answer = await guard.as('bob', {
        ...{ method: 'POST', scopes: [allOf(to), 'repository:alice/shared:pull'] },
        path: `/v2/${to}/blobs/uploads/?mount=${digest}&from=alice/shared`,
      });
      expect(answer.status).to.equal(201);
      // Shared for reading.
      const push = {
        method: 'POST',
        path: '/v2/alice/shared/blobs/uploads/',
        scopes: [allOf('alice/shared')],
      };
      expect((await guard.as('bob', push)).status).to.be.oneOf([401, 403]);
    });

    it(`has uploads that are invisible to other repositories, ${how}`, async () => {
      const { uploadId } = world.secret;
      const guard = guardOf(world);
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const asked = (id: string): Asked => ({
          ...{ method, path: `/v2/bob/x/blobs/uploads/${id}?digest=${sha256(Buffer.from('a'))}` },
          ...{ scopes: [allOf('bob/x')], ...(method !== 'GET' && { body: Buffer.from('a') }) },
        });
        const [theirs, nobodys] = [
          await guard.as('bob', asked(uploadId)),
          await guard.as('bob', asked('6f0b2b0e-0000-4000-8000-000000000000')),
        ];
        expect(told(theirs, uploadId), method).to.deep.equal(told(nobodys, uploadId));
        expect(theirs.status, method).to.equal(404);
      }
    });

    for (const spelled of [
      ...[
        'alice%2Fsecret',
        'alice%2fsecret',
        'alice%252fsecret',
        'bob/../alice/secret',
        'bob/%2e%2e/alice/secret',
      ],
      ...[
        'bob%2f..%2falice/secret',
        'Alice/secret',
        'alice//secret',
        './alice/secret',
        'alice/secret%00',
        '%61lice/secret',
      ],
      ...['alice/secret/', 'alice\\secret', 'alice/secret%20', 'alice/secret;', 'alice/secret%3f'],
    ])
      it(`cannot be reached by another spelling, ${how}: ${spelled}`, async () => {
        for (const path of ['/tags/list', '/manifests/v1', `/blobs/${world.secret.layer.digest}`])
          for (const who of ['bob', undefined] as const) {
            const answer = await guardOf(world).as(who, {
              path: `/v2/${spelled}${path}`,
              scopes: ['repository:alice/secret:pull', `repository:${spelled}:pull`, allOf('bob/x')],
            });
            expect(answer.status, answer.body.toString()).to.be.oneOf([400, 401, 404]);
          }
      });
  }

  it('gives no right to a client that asks for it, in any form', async () => {
    const { registry } = world.bearer;
    const access = async (who: Person, ...scopes: string[]) => {
      const login = { username: who, password: `the password of ${who}` };
      const token = await registry.token(login, scopes);
      return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
        access: unknown;
      };
    };
    const there = await access('bob', 'repository:alice/secret:pull,push,delete,*');
    const absent = await access('bob', `repository:${ABSENT}:pull,push,delete,*`);
    expect([there.access, absent.access]).to.deep.equal([[], []]);
    const many = await access(
      'bob',
      'repository:bob/x:pull repository:alice/secret:pull',
      'repository:alice/secret:*',
      'registry:catalog:*',
      'repository(plugin):alice/secret:pull',
    );
    expect(many.access).to.deep.equal([{ type: 'repository', name: 'bob/x', actions: ['pull'] }]);
  });

  it('is in no list of repositories without the right to list them', async () => {
    for (const [, guardOf] of guards)
      for (const who of ['bob', 'rita', undefined] as const) {
        const answer = await guardOf(world).as(who, { path: '/v2/_catalog', scopes: ['registry:catalog:*'] });
        expect(answer.status).to.be.oneOf([401, 403]);
        expect(answer.body.toString()).not.to.include('alice');
      }
    const { bearer } = world;
    const all = await bearer.as('olga', { path: '/v2/_catalog', scopes: ['registry:catalog:*'] });
    expect(jsonOf(all)).to.deep.include.keys('repositories');
    expect(all.body.toString()).to.include('alice/secret');
  });

  it('lends no content to a manifest in another repository', async () => {
    const { bearer, secret } = world;
    const config = await pushBlobAs(bearer, 'bob', 'bob/thief', newBytes(50), MEDIA_TYPES.config);
    const put = (layer: Descriptor) =>
      bearer.as('bob', {
        ...{ method: 'PUT', path: '/v2/bob/thief/manifests/x', scopes: [allOf('bob/thief')] },
        body: new Image({ config, layers: [layer] }).bytes,
        headers: { 'content-type': MEDIA_TYPES.image },
      });
    const theirs = await put(secret.layer);
    const nobodys = await put({ ...secret.layer, digest: sha256(newBytes()) });
    expect(theirs.status).to.equal(400);
    const bare = (answer: Answer) => answer.body.toString().replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST');
    expect(bare(theirs)).to.equal(bare(nobodys));
  });

  it('is not readable through an index that lists its manifests, a subject or fallback tags', async () => {
    const { bearer, secret } = world;
    const name = 'bob/index';
    const config = await pushBlobAs(bearer, 'bob', name, newBytes(50), MEDIA_TYPES.config);
    const random = { ...secret.image, digest: sha256(newBytes()) };
    const putIndex = (reference: string, manifests: readonly Descriptor[]) =>
      bearer.as('bob', {
        ...{ method: 'PUT', path: `/v2/${name}/manifests/${reference}`, scopes: [allOf(name)] },
        body: manifestOf(MEDIA_TYPES.index, { manifests }).bytes,
        headers: { 'content-type': MEDIA_TYPES.index },
      });
    // This configuration lets an index lack what it lists: what is elsewhere is as good as nowhere.
    const [theirs, nobodys] = [
      await putIndex('a', [secret.image, secret.index, secret.signature]),
      await putIndex('b', [random, { ...random, digest: sha256(newBytes()) }, random]),
    ];
    expect(theirs.status, theirs.body.toString()).to.equal(201);
    expect(nobodys.status).to.equal(201);
    expect(theirs.headers['warning']).to.match(/3 of the 3 manifests .* are not in this repository/);
    const fallback = await putIndex(`sha256-${hexOf(secret.image.digest)}`, [secret.signature]);
    expect(fallback.status).to.equal(201);
    const referrer = await pushManifestAs(
      bearer,
      'bob',
      name,
      'mine',
      new Image({ config, layers: [], subject: secret.image }),
    );
    for (const digest of [secret.image.digest, secret.index.digest, secret.signature.digest]) {
      const got = await bearer.as('bob', { path: `/v2/${name}/manifests/${digest}`, scopes: [allOf(name)] });
      expect(got.status, got.body.toString()).to.equal(404);
    }
    const referrers = async (who: Person, of: string) => {
      const path = `/v2/${of}/referrers/${secret.image.digest}`;
      const answer = await bearer.as(who, { path, scopes: [allOf(of)] });
      return (jsonOf(answer) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest);
    };
    expect(await referrers('bob', name)).to.deep.equal([referrer.digest]);
    expect(await referrers('alice', secret.name)).to.deep.equal([secret.signature.digest]);
  });

  it('is not published by an image that names its content', async () => {
    const { bearer, secret } = world;
    const name = 'candidate/trojan';
    const config = await pushBlobAs(bearer, 'ben', name, newBytes(50), MEDIA_TYPES.config);
    const foreign = {
      ...{ ...secret.layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' },
      urls: ['https://elsewhere.example.net/layer'],
    };
    const own = await pushBlobAs(bearer, 'ben', name, newBytes(200));
    const image = await pushManifestAs(
      bearer,
      'ben',
      name,
      '1',
      new Image({ config, layers: [own, foreign], subject: secret.image }),
    );
    const promotion = await bearer.as('rita', {
      ...{ method: 'POST', path: '/api/v1/promotions' },
      scopes: ['repository:stable/trojan:promote', `repository:${name}:pull`],
      body: Buffer.from(JSON.stringify({ source: `${name}:1`, target: 'stable/trojan:1' })),
      headers: { 'content-type': 'application/json' },
    });
    expect(promotion.body.toString()).to.include('"done"');
    const origin = (digest: string) => {
      const hex = hexOf(digest);
      return bearer.as(undefined, {
        path: `/origin/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
      });
    };
    await eventually('what was promoted is published', async () => (await origin(own.digest)).status === 200);
    const random = sha256(newBytes());
    for (const { digest } of [secret.layer, secret.config, secret.image, secret.index]) {
      const answer = await origin(digest);
      expect(answer.status).to.equal(404);
      const absent = await origin(random);
      expect(told(answer, digest)).to.deep.equal(told(absent, random));
    }
    const stable = await bearer.as(undefined, { path: `/v2/stable/trojan/blobs/${secret.layer.digest}` });
    expect(stable.status).to.equal(404);
    expect(
      (await bearer.as(undefined, { path: `/v2/stable/trojan/manifests/${image.digest}` })).status,
    ).to.equal(200);
  });

  it('is no source of promotions without the right to read it, whether or not it exists', async () => {
    const { bearer, secret } = world;
    const promote = (source: string, dryRun: boolean) =>
      bearer.as('rita', {
        ...{ method: 'POST', path: '/api/v1/promotions' },
        scopes: ['repository:stable/x:promote', `repository:${source}:pull`],
        body: Buffer.from(JSON.stringify({ source: `${source}:v1`, target: 'stable/x:1', dryRun })),
        headers: { 'content-type': 'application/json' },
      });
    for (const dryRun of [true, false]) {
      const [theirs, nobodys] = [await promote(secret.name, dryRun), await promote(ABSENT, dryRun)];
      expect(theirs.status).to.equal(401);
      expect(told(theirs, secret.name)).to.deep.equal(told(nobodys, ABSENT));
    }
  });

  it('is not revealed by the release service to users who may view publications', async () => {
    const { bearer, basic, secret } = world;
    const explain = (guard: Guard, who: Person, name: string) =>
      guard.as(who, {
        path: `/api/v1/explain?repository=${name}&digest=${secret.layer.digest}`,
        scopes: ['registry:release:view', `repository:${name}:pull`],
      });
    for (const guard of [bearer, basic]) {
      const [theirs, nobodys] = [
        await explain(guard, 'rita', secret.name),
        await explain(guard, 'rita', ABSENT),
      ];
      expect(told(theirs, secret.name)).to.deep.equal(told(nobodys, ABSENT));
      expect(theirs.status).to.be.oneOf([401, 404]);
      expect((await explain(guard, 'olga', secret.name)).body.toString()).to.include('"sizeBytes":100000');
    }
    for (const path of ['/api/v1/publications', '/api/v1/status', '/api/v1/mirrors']) {
      const answer = await bearer.as('rita', { path, scopes: ['registry:release:view'] });
      expect(answer.status).to.equal(200);
      expect(answer.body.toString()).not.to.include('alice');
      expect((await bearer.as('bob', { path, scopes: ['registry:release:view'] })).status).to.equal(401);
    }
  });

  it('is kept by no shared cache', async () => {
    const { bearer, secret } = world;
    for (const method of ['GET', 'HEAD'])
      for (const path of [`/blobs/${secret.layer.digest}`, '/manifests/v1', '/tags/list']) {
        const asked = { method, path: `/v2/${secret.name}${path}`, scopes: [allOf(secret.name)] };
        if (method === 'HEAD' && path === '/tags/list') continue;
        const { status, headers } = await bearer.as('alice', asked);
        expect(status).to.equal(200);
        expect(headers['cache-control'], path).to.match(/^(private,|no-store$)/);
      }
  });

  it('is not revealed in notifications of a mount that failed', async () => {
    const { bearer, secret } = world;
    const { digest } = await pushBlobAs(bearer, 'bob', 'bob/last', newBytes());
    await eventually('the last push is told', () => events.join('\n').includes(digest));
    const told = events.flatMap(
      (text) => (JSON.parse(text) as { events: { target: { fromRepository?: string } }[] }).events,
    );
    const mounts = told.flatMap(({ target }) => target.fromRepository ?? []);
    // The one that bob may mount from.
    expect(new Set(mounts)).to.deep.equal(new Set(['alice/shared']));
    expect(mounts).not.to.include(secret.name);
    expect(events.join('\n')).not.to.match(/the password of|Bearer |Basic /);
  });
});
