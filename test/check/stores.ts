import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CheckOptions, checkStore } from '../../services/registry/check/check.ts';
import type { Finding } from '../../services/registry/check/finding.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { pushBlobAs } from '../compat/sha512.ts';
import { pushBlob, pushImage, pushIndex, pushManifest, putManifest } from '../protocol/pushing.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { startDistribution } from '../support/distribution.ts';
import { type Descriptor, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

/** What a store that was made for breaking holds, all in one repository. */
export interface Held {
  readonly repository: string;
  /** Tagged `1`. */
  readonly image: Image;
  /** What `1` named before. */
  readonly earlier: Image;
  /** Tagged `multi`: an index of two images that have no tags. */
  readonly index: Descriptor;
  readonly children: readonly Image[];
  /** Untagged; its subject is `image`. */
  readonly artifact: Image;
  /** A blob with a second name. */
  readonly second: { readonly sha256: string; readonly sha512: string };
}

/** A store on disk. */
export interface MadeStore extends AsyncDisposable {
  readonly path: string;
  readonly held: Held;
}

/** A store that Roadstead made, with a promotion of the image to `app:1` and of a second one to `other:1`. */
export async function ownStore(): Promise<MadeStore> {
  const directory = await tempDir('own');
  await using registry = await startRegistry({ rootDirectory: directory.path });
  const held = await fill(registry.url, 'candidate/app');
  // By SHA-512, which Distribution does not take.
  const { config, layers } = held.image;
  const { bytes } = new Image({ config, layers, annotations: { by: 'sha512' } });
  const named = sha512(bytes);
  const answer = await putManifest(registry.url, held.repository, named, bytes, MEDIA_TYPES.image);
  expect(answer.status, answer.body.toString()).to.equal(201);
  for (const target of ['app:1', 'other:1']) {
    if (target === 'other:1') await pushImage(registry.url, 'candidate/other', '1');
    const source = target === 'app:1' ? 'candidate/app:1' : 'candidate/other:1';
    expect((await promote(registry.url, source, target)).lines.at(-1)?.event).to.equal('done');
  }
  await registry.stop();
  return {
    ...directory,
    path: directory.path,
    held,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** A store that docker-registry made. */
export async function distributionStore(): Promise<MadeStore> {
  const directory = await tempDir('theirs');
  await using registry = await startDistribution('docker-registry', directory.path);
  const held = await fill(registry.url, 'app');
  return { path: directory.path, held, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** A copy of a store, to be broken. */
export async function copyOf({ path, held }: MadeStore): Promise<MadeStore> {
  const directory = await tempDir('broken');
  await cp(path, directory.path, { recursive: true, preserveTimestamps: true });
  return { path: directory.path, held, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** Everything that a check finds. */
export async function check(path: string, options: Partial<CheckOptions> = {}): Promise<Finding[]> {
  await using objects = await FilesystemStore.open({ rootDirectory: path, sync: false, mode: 'read' });
  const findings: Finding[] = [];
  for await (const found of checkStore(objects, { deep: false, ...options }).findings) findings.push(found);
  return findings;
}

/** The findings that a person has to look at. */
export function faults(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity }) => severity !== 'info');
}

async function fill(url: string, repository: string): Promise<Held> {
  const earlier = await pushImage(url, repository, '1');
  const image = await pushImage(url, repository, '1', [newBytes(), newBytes(200_000)]);
  const children = [];
  for (const _ of [1, 2]) {
    const tagged = await pushImage(url, repository, 'temporary');
    children.push(tagged);
  }
  const index = await pushIndex(url, repository, 'multi', children);
  // Children without tags: the tag goes on to something else.
  await putManifest(url, repository, 'temporary', image.bytes, MEDIA_TYPES.image);
  const artifact = await pushArtifact(url, repository, image);
  const bytes = newBytes();
  const second = { sha256: sha256(bytes), sha512: sha512(bytes) };
  const closed = await pushBlobAs(url, repository, bytes, second.sha512);
  expect(closed.status, closed.body.toString()).to.equal(201);
  return { repository, image, earlier, index, children, artifact, second };
}

/** Pushes an artifact that has a subject, by its digest. */
export async function pushArtifact(
  url: string,
  repository: string,
  subject: Descriptor,
  reference?: string,
): Promise<Image> {
  const config = await pushBlob(url, repository, newBytes(50), MEDIA_TYPES.config);
  const artifact = new Image({ config, layers: [], subject });
  await pushManifest(url, repository, artifact, reference);
  return artifact;
}

/** The path of a file of a store. */
export function fileOf(store: MadeStore, key: string): string {
  return join(store.path, key);
}
