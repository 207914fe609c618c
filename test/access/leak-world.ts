import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { type Guarded, type Login, startGuarded } from '../accounts/guarded.ts';
import { type Answer, type Sent, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Content, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

/** `vera` may look at publications, `paul` promote, and neither pulls below `stable/private`. */
export const PEOPLE = ['alice', 'bob', 'rita', 'olga', 'ben', 'vera', 'paul'] as const;
export type Person = (typeof PEOPLE)[number];

/** One request, and what it takes to be allowed. */
export interface Asked extends Sent {
  readonly path: string;
  readonly scopes?: readonly string[];
}

/** A registry by its door: how somebody asks there. */
export interface Guard {
  readonly registry: TestRegistry;
  /** Asks as somebody who asks for all rights that are needed; `undefined` sends no credentials at all. */
  as(who: Person | undefined, asked: Asked): Promise<Answer>;
}

/** What alice keeps to herself, with all that an image can have. */
export interface Secret {
  readonly name: string;
  readonly layer: Content;
  readonly config: Content;
  readonly image: Content;
  readonly index: Content;
  readonly signature: Content;
  /** An upload that she has begun. */
  readonly uploadId: string;
}

export interface LeakWorld extends AsyncDisposable {
  /** With tokens of our own service. */
  readonly bearer: Guard & { readonly registry: Guarded };
  /** With passwords at the registry, on the same store. */
  readonly basic: Guard;
  readonly secret: Secret;
}

const passwordOf = (who: Person): Login => ({ username: who, password: `the password of ${who}` });

const ACCESS = {
  standard: true,
  groups: { operators: ['user:olga'], releasers: ['user:rita'], builders: ['user:ben'] },
  rules: [
    { name: 'shared', allow: ['pull'], subjects: ['user:bob'], repositories: ['alice/shared'] },
    { name: 'viewers', allow: ['view'], subjects: ['user:vera'] },
    {
      ...{ name: 'kept-private', deny: ['pull'], subjects: ['user:vera', 'user:paul'] },
      repositories: ['stable/private/**'],
    },
    { name: 'sources', allow: ['pull'], subjects: ['user:paul'], repositories: ['@candidates'] },
    { name: 'promoters', allow: ['promote'], subjects: ['user:paul'], repositories: ['@stable'] },
  ],
};
export const CLASSES = { candidates: ['candidate/**'], stable: ['stable/**'] };

/** Two registries over one store, in which alice has a secret, and bob wants it. */
export async function startLeakWorld(more: Readonly<Record<string, unknown>> = {}): Promise<LeakWorld> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('leaks'));
  const path = join(home.path, 'htpasswd');
  const lines = await Promise.all(
    PEOPLE.map(async (who) => `${who}:${await bcrypt.hash(passwordOf(who).password, 4)}`),
  );
  await writeFile(path, `${lines.join('\n')}\n`);
  const guarded = held.use(
    await startGuarded(
      {
        ...{ accounts: [{ htpasswd: { path } }], access: ACCESS, promotion: CLASSES },
        validation: { manifests: { indexes: { platforms: 'none' } } },
        ...more,
      },
      { delete: true },
    ),
  );
  const plain = held.use(
    await startRegistry({
      ...{ delete: true, rootDirectory: guarded.rootDirectory },
      config: (config) => ({
        ...{ ...config, promotion: CLASSES, access: ACCESS },
        auth: { htpasswd: { realm: 'tests', path } },
        limits: { trustednetworks: ['127.0.0.0/8'] },
      }),
    }),
  );
  const bearer = {
    registry: guarded,
    async as(who: Person | undefined, { path: target, scopes = [], ...sent }: Asked) {
      if (who === undefined) return send(guarded.url, target, sent);
      const token = await guarded.token(passwordOf(who), scopes);
      return send(guarded.url, target, {
        ...sent,
        headers: { ...sent.headers, authorization: `Bearer ${token}` },
      });
    },
  };
  const basic = {
    registry: plain,
    as(who: Person | undefined, { path: target, scopes: _, ...sent }: Asked) {
      if (who === undefined) return send(plain.url, target, sent);
      const { username, password } = passwordOf(who);
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      return send(plain.url, target, { ...sent, headers: { ...sent.headers, authorization } });
    },
  };
  const secret = await pushSecret(bearer, 'alice/secret');
  const all = held.move();
  return { bearer, basic, secret, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** All rights on a repository, as clients ask for them. */
export const allOf = (name: string) => `repository:${name}:pull,push,delete`;

/** Pushes a blob as somebody; throws when that is refused. */
export async function pushBlobAs(
  guard: Guard,
  who: Person,
  name: string,
  bytes: Buffer,
  mediaType: string = MEDIA_TYPES.layer,
): Promise<Content> {
  const blob = new Content(bytes, mediaType);
  await granted(guard, who, {
    ...{ method: 'POST', path: `/v2/${name}/blobs/uploads/?digest=${blob.digest}`, scopes: [allOf(name)] },
    ...{ body: bytes, headers: { 'content-type': 'application/octet-stream' } },
  });
  return blob;
}

/** Pushes a manifest as somebody; throws when that is refused. */
export async function pushManifestAs(
  guard: Guard,
  who: Person,
  name: string,
  reference: string,
  manifest: Content,
): Promise<Content> {
  const { bytes, mediaType } = manifest;
  const path = `/v2/${name}/manifests/${reference}`;
  const headers = { 'content-type': mediaType };
  await granted(guard, who, { method: 'PUT', path, scopes: [allOf(name)], body: bytes, headers });
  return manifest;
}

async function granted(guard: Guard, who: Person, asked: Asked): Promise<Answer> {
  const answer = await guard.as(who, asked);
  if (answer.status >= 300)
    throw new Error(`${who}: ${asked.method} ${asked.path}: ${answer.status} ${answer.body.toString()}`);
  return answer;
}

async function pushSecret(guard: Guard, name: string): Promise<Secret> {
  // Large enough that a mirror or the store would be asked to serve it.
  const layer = await pushBlobAs(guard, 'alice', name, newBytes(100_000));
  const config = await pushBlobAs(guard, 'alice', name, newBytes(100), MEDIA_TYPES.config);
  const image = await pushManifestAs(guard, 'alice', name, 'v1', new Image({ config, layers: [layer] }));
  const list = manifestOf(MEDIA_TYPES.index, { manifests: [image] });
  const index = await pushManifestAs(guard, 'alice', name, 'latest', list);
  const signature = await pushManifestAs(
    guard,
    'alice',
    name,
    'signature',
    new Image({ config, layers: [layer], subject: image, annotations: { secret: 'of alice' } }),
  );
  const begun = await granted(guard, 'alice', {
    ...{ method: 'POST', path: `/v2/${name}/blobs/uploads/`, scopes: [allOf(name)] },
  });
  const uploadId = String(begun.headers['docker-upload-uuid']);
  return { name, layer, config, image, index, signature, uploadId };
}
