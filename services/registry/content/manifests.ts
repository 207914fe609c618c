import pMap from 'p-map';
import { type Digest, digestBy, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import { allBlobs, type Child, type Descriptor, type Manifest, mayBeBlob } from '../oci/manifest.ts';
import { COMPLETE, checkForeignUrls, type ManifestRules, requiredChildren } from '../oci/manifest-rules.ts';
import type { RepositoryName } from '../oci/names.ts';
import { once } from '../runtime/once.ts';
import { blobDataKey, repositoryPrefixes, revisionLinkKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { BlobStat, Blobs } from './blobs.ts';
import { checkSizes } from './descriptor-sizes.ts';
import type { Integrity } from './integrity.ts';
import { putKeeper, removeKeeper } from './keepers.ts';
import { writeLink } from './link.ts';
import type { CollectionGuard } from './quarantine/guard.ts';
import type { Referrers } from './referrers.ts';
import { readRevision, resolveRevision } from './revisions.ts';

const STATS_AT_ONCE = 16;

/** Manifests, and which repository has which; straight from the store, nothing remembered. */
export class Manifests {
  readonly #objects: ObjectStore;
  readonly #blobs: Blobs;
  readonly #referrers: Referrers;
  readonly #quarantine: CollectionGuard;
  readonly #integrity: Integrity;

  constructor(
    objects: ObjectStore,
    blobs: Blobs,
    referrers: Referrers,
    quarantine: CollectionGuard,
    integrity: Integrity,
  ) {
    this.#objects = objects;
    this.#blobs = blobs;
    this.#referrers = referrers;
    this.#quarantine = quarantine;
    this.#integrity = integrity;
  }

  /** The manifest, if this repository has it. */
  get(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<Manifest | undefined> {
    return readRevision(this.#objects, this.#integrity, name, digest, signal);
  }

  /** Whether this repository has the manifest, without reading it. */
  async has(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const stored = await resolveRevision(this.#objects, name, digest, signal);
    return stored !== undefined && (await this.#blobs.statData(stored, signal)) !== undefined;
  }

  /**
   * Stores a manifest after checking, in the store and in no cache, that the repository has all that it must: an
   * image's config and layers, what an index lists. Throws MANIFEST_BLOB_UNKNOWN with the digests that lack; answers
   * with what an index lists and lacks where the rules allow that (a sparse index). `onVerified` runs when nothing speaks
   * against the manifest any more, and before anything of it is written.
   */
  async put(
    name: RepositoryName,
    manifest: Manifest,
    rules: ManifestRules = COMPLETE,
    onVerified: () => Promise<void> = async () => undefined,
    signal?: AbortSignal,
  ): Promise<{ readonly absent: readonly Child[] }> {
    checkForeignUrls(rules, manifest);
    const held = await this.#heldBy(name, manifest, signal);
    // What is held may be done twice.
    const verified = once(onVerified);
    return this.#quarantine.pin(held, () => this.#put(name, manifest, rules, verified, signal));
  }

  async #put(
    name: RepositoryName,
    manifest: Manifest,
    rules: ManifestRules,
    verified: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<{ readonly absent: readonly Child[] }> {
    const stats = new Map<Digest, BlobStat>();
    const hasBlob = async ({ digest }: Descriptor) => {
      const stat = await this.#blobs.stat(name, digest, signal);
      if (stat) stats.set(digest, stat);
      return stat !== undefined;
    };
    const hasChild = async (child: Child) =>
      (mayBeBlob(child) && (await hasBlob(child))) || this.has(name, child.digest, signal);
    const [blobs, absent] = await Promise.all([
      missing(manifest.blobs, hasBlob),
      missing(manifest.manifests, hasChild),
    ]);
    const required = new Set(requiredChildren(rules, manifest));
    const children = absent.filter((child) => required.has(child));
    const lacking = [...blobs, ...children];
    if (lacking.length > 0) {
      const gone = new Set(await missing(children, hasBlob));
      throw lacks(
        name,
        lacking,
        children.find((child) => !gone.has(child)),
      );
    }
    const named = [...manifest.blobs, ...manifest.manifests.filter(mayBeBlob)];
    checkSizes({ blobs: named }, stats, this.#blobs);
    await verified();
    await this.#objects.put(blobDataKey(manifest.stored), manifest.bytes, signal && { signal });
    await this.#link(name, manifest, signal);
    return { absent };
  }

  /**
   * Gives a repository a manifest whose bytes are in the store already, and whose blobs the repository has links to.
   * Throws MANIFEST_BLOB_UNKNOWN when bytes have been collected meanwhile.
   */
  async link(name: RepositoryName, manifest: Manifest, signal?: AbortSignal): Promise<void> {
    await this.#quarantine.pin(await this.#heldBy(name, manifest, signal), async () => {
      const isThere = async ({ digest }: Descriptor) =>
        (await this.#blobs.stat(name, digest, signal)) !== undefined;
      // What may be absent lacks only where a link to it is left.
      const isThereOrNeverWas = async (blob: Descriptor) =>
        (await isThere(blob)) || (await this.#blobs.resolve(name, blob.digest, signal)) === undefined;
      const needed = new Set(manifest.blobs.map(({ digest }) => digest));
      const gone: { digest: Digest }[] = await missing(allBlobs(manifest), (blob) =>
        needed.has(blob.digest) ? isThere(blob) : isThereOrNeverWas(blob),
      );
      if ((await this.#blobs.statData(manifest.stored, signal)) === undefined) gone.push(manifest);
      if (gone.length > 0) throw lacks(name, gone);
      await this.#link(name, manifest, signal);
    });
  }

  /** What a manifest keeps in the store: itself, its blobs, and the manifests that it lists. */
  async #heldBy(name: RepositoryName, manifest: Manifest, signal?: AbortSignal): Promise<Sha256Digest[]> {
    const [blobs, children] = await Promise.all([
      storedOf(allBlobs(manifest), (digest) => this.#blobs.resolve(name, digest, signal)),
      storedOf(manifest.manifests, (digest) => resolveRevision(this.#objects, name, digest, signal)),
    ]);
    return [...new Set([manifest.stored, ...blobs, ...children])];
  }

  async #link(name: RepositoryName, manifest: Manifest, signal?: AbortSignal): Promise<void> {
    // A referrer without its link is not shown; a link without its referrer would never be found.
    if (manifest.subject) await this.#referrers.add(name, manifest.subject.digest, manifest, signal);
    await putKeeper(this.#objects, this.#quarantine, name, manifest, (digest) =>
      this.#blobs.stat(name, digest, signal),
    );
    const options = signal && { signal };
    await writeLink(this.#objects, revisionLinkKey(name, manifest.stored), manifest.stored, options);
    if (manifest.digest !== manifest.stored)
      await writeLink(this.#objects, revisionLinkKey(name, manifest.digest), manifest.stored, options);
  }

  /** Whether the repository knows a manifest, which lies here, by another algorithm's name as well. */
  async hasSecondName(name: RepositoryName, manifest: Manifest, signal?: AbortSignal): Promise<boolean> {
    const [, second] = namesOf(manifest);
    const link = await this.#objects.stat(revisionLinkKey(name, second), signal);
    return link !== undefined;
  }

  /** Takes a manifest from a repository under all of its names; tags are the caller's. False where it had none such. */
  async unlink(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const stored = await resolveRevision(this.#objects, name, digest, signal);
    if (stored === undefined) return false;
    const manifest = await readRevision(this.#objects, this.#integrity, name, digest, signal);
    // First, or a delete that breaks off would leave it for ever: without the link there is nothing to delete again.
    if (manifest) await removeKeeper(this.#objects, name, manifest);
    await this.#objects.delete([revisionLinkKey(name, stored)], signal);
    for (const each of manifest ? namesOf(manifest) : [digest])
      await this.#objects.delete([revisionLinkKey(name, each)], signal);
    if (manifest?.subject)
      for (const each of namesOf(manifest))
        await this.#referrers.remove(name, manifest.subject.digest, each, signal);
    return true;
  }

  /** Whether anything was ever pushed to this repository: tells NAME_UNKNOWN from MANIFEST_UNKNOWN. */
  async repositoryExists(name: RepositoryName, signal?: AbortSignal): Promise<boolean> {
    const pages = await Promise.all(
      repositoryPrefixes(name).map((prefix) =>
        this.#objects.list({ prefix, delimiter: '/', limit: 1 }, signal),
      ),
    );
    return pages.some((page) => page.keys.length + page.prefixes.length > 0);
  }
}

/** `misplaced` is one that an index says is a manifest, and that the repository has as a blob. */
function lacks(
  name: RepositoryName,
  lacking: readonly { readonly digest: Digest }[],
  misplaced?: Child,
): RegistryError {
  const digests = [...new Set(lacking.map(({ digest }) => digest))].slice(0, 100);
  const message = misplaced
    ? `the index lists ${misplaced.digest} as a manifest (${misplaced.mediaType}), but ${name} has it only as a blob: ` +
      'push it with PUT /v2/<name>/manifests/<digest>, or give it the media type of what it is'
    : `the manifest names content that ${name} does not have: push it first`;
  return new RegistryError('MANIFEST_BLOB_UNKNOWN', message, { digests });
}

/** Where what is named lies; a name by SHA-256 says so itself, another one is asked for. */
async function storedOf(
  named: readonly { readonly digest: Digest }[],
  resolve: (digest: Digest) => Promise<Sha256Digest | undefined>,
): Promise<Sha256Digest[]> {
  const stored = await pMap(named, async ({ digest }) => (isSha256(digest) ? digest : resolve(digest)), {
    concurrency: STATS_AT_ONCE,
  });
  return stored.filter((digest) => digest !== undefined);
}

/** Every name that a manifest may have been pushed under. */
export function namesOf(manifest: Manifest): [Sha256Digest, Digest] {
  return [manifest.stored, digestBy('sha512', manifest.bytes)];
}

/** Which of these are not there, each content asked for once, a few at a time. */
async function missing<T extends Descriptor>(
  descriptors: readonly T[],
  isThere: (descriptor: T) => Promise<boolean>,
): Promise<T[]> {
  const distinct = [...new Map(descriptors.map((each) => [keyOf(each), each])).entries()];
  const there = await pMap(distinct, ([, each]) => isThere(each), { concurrency: STATS_AT_ONCE });
  const gone = new Set(distinct.filter((_, i) => !there[i]).map(([key]) => key));
  return descriptors.filter((each) => gone.has(keyOf(each)));
}

/** Whether content is there may depend on what it is said to be. */
function keyOf(descriptor: Descriptor): string {
  return `${descriptor.digest} ${mayBeBlob(descriptor)}`;
}
