import pMap from 'p-map';
import { type Digest, digestBy, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import { allBlobs, type Child, type Descriptor, type Manifest, mayBeBlob } from '../oci/manifest.ts';
import { type ManifestRules, requiredChildren } from '../oci/manifest-rules.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Fence } from '../storage/fence.ts';
import { blobDataKey, repositoryPrefixes, revisionLinkKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { BlobStat, Blobs } from './blobs.ts';
import { linkContent, unlinkContent } from './canonical.ts';
import { checkSizes } from './descriptor-sizes.ts';
import type { Integrity } from './integrity.ts';
import { putKeeper, removeKeeper } from './keepers.ts';
import type { CollectionGuard } from './quarantine/guard.ts';
import type { Referrers } from './referrers.ts';
import { readRevision, resolveRevision } from './revisions.ts';

const STATS_AT_ONCE = 16;

/** What manifests need of a repository's other content. */
interface ManifestParts {
  readonly objects: ObjectStore;
  readonly blobs: Blobs;
  readonly referrers: Referrers;
  readonly quarantine: CollectionGuard;
  readonly integrity: Integrity;
}

/** Manifests, and which repository has which: asked of the store each time. */
export class Manifests {
  readonly #parts: ManifestParts;

  constructor(parts: ManifestParts) {
    this.#parts = parts;
  }

  /** The manifest, if this repository has it. */
  get(name: RepositoryName, digest: Digest): Promise<Manifest | undefined> {
    return readRevision(this.#parts.objects, this.#parts.integrity, name, digest);
  }

  /** Whether this repository has the manifest, without reading it. */
  async has(name: RepositoryName, digest: Digest): Promise<boolean> {
    const canonical = await resolveRevision(this.#parts.objects, name, digest);
    return canonical !== undefined && (await this.#parts.blobs.statData(canonical)) !== undefined;
  }

  /** What a manifest keeps in the store: itself, its blobs, and the manifests that it lists. */
  async keptBy(name: RepositoryName, manifest: Manifest): Promise<Sha256Digest[]> {
    const [blobs, children] = await Promise.all([
      canonicalOf(allBlobs(manifest), (digest) => this.#parts.blobs.resolve(name, digest)),
      canonicalOf(manifest.manifests, (digest) => resolveRevision(this.#parts.objects, name, digest)),
    ]);
    return [...new Set([manifest.canonicalDigest, ...blobs, ...children])];
  }

  /**
   * Checks, in the store and in no cache, that the repository has all that it must: an image's config and layers, what
   * an index lists. Throws MANIFEST_BLOB_UNKNOWN with the digests that are missing, and SIZE_INVALID as
   * {@link checkSizes} does; returns what an index lists and may lack by the rules (a sparse index).
   */
  async verify(name: RepositoryName, manifest: Manifest, rules: ManifestRules): Promise<readonly Child[]> {
    const stats = new Map<Digest, BlobStat>();
    const hasBlob = async ({ digest }: Descriptor) => {
      const stat = await this.#parts.blobs.stat(name, digest);
      if (stat) stats.set(digest, stat);
      return stat !== undefined;
    };
    const hasChild = async (child: Child) =>
      (mayBeBlob(child) && (await hasBlob(child))) || this.has(name, child.digest);
    const [blobs, absent] = await Promise.all([
      missing(manifest.blobs, hasBlob),
      missing(manifest.manifests, hasChild),
    ]);
    const required = new Set(requiredChildren(rules, manifest));
    const children = absent.filter((child) => required.has(child));
    const lacking = [...blobs, ...children];
    if (lacking.length > 0) {
      const gone = new Set(await missing(children, hasBlob));
      const misplaced = children.find((child) => !gone.has(child));
      throw lacks(name, lacking, misplaced);
    }
    checkSizes([...manifest.blobs, ...manifest.manifests.filter(mayBeBlob)], stats, this.#parts.integrity);
    return absent;
  }

  /** Stores a manifest's bytes; no repository has it by that. */
  async store({ canonicalDigest, bytes }: Manifest): Promise<void> {
    await this.#parts.objects.put(blobDataKey(canonicalDigest), bytes);
  }

  /**
   * Looks whether a repository can be given a manifest whose bytes are in the store already, and whose blobs it has links
   * to. Throws MANIFEST_BLOB_UNKNOWN when bytes have been collected since.
   */
  async expectThere(name: RepositoryName, manifest: Manifest): Promise<void> {
    const isThere = async ({ digest }: Descriptor) =>
      (await this.#parts.blobs.stat(name, digest)) !== undefined;
    // What may be absent is missing only if there is a link to it.
    const isThereOrNeverWas = async (blob: Descriptor) =>
      (await isThere(blob)) || (await this.#parts.blobs.resolve(name, blob.digest)) === undefined;
    const needed = new Set(manifest.blobs.map(({ digest }) => digest));
    const gone: { digest: Digest }[] = await missing(allBlobs(manifest), (blob) =>
      needed.has(blob.digest) ? isThere(blob) : isThereOrNeverWas(blob),
    );
    if ((await this.#parts.blobs.statData(manifest.canonicalDigest)) === undefined) gone.push(manifest);
    if (gone.length > 0) throw lacks(name, gone);
  }

  /** Gives a repository a manifest, in a turn of the repository; the caller has verified it and pinned what it keeps. */
  async link(name: RepositoryName, manifest: Manifest, fence: Fence): Promise<void> {
    const { objects, quarantine, blobs, referrers } = this.#parts;
    // A referrer without its link is not shown; a link without its referrer would never be found.
    if (manifest.subject) await referrers.add(name, manifest.subject.digest, manifest, fence);
    await putKeeper({ objects, quarantine, fence }, name, manifest, (digest) => blobs.stat(name, digest));
    await linkContent(objects, revisionLinkKey, name, manifest.canonicalDigest, manifest.digest, fence);
  }

  /** Whether the repository has the manifest, which is canonical here, under another algorithm's digest as well. */
  async hasSecondName(name: RepositoryName, manifest: Manifest): Promise<boolean> {
    const [, second] = namesOf(manifest);
    return (await this.#parts.objects.stat(revisionLinkKey(name, second))) !== undefined;
  }

  /** Takes a manifest from a repository under all of its names, in a turn of the repository; its tags stay. */
  async unlink(name: RepositoryName, manifest: Manifest, fence: Fence): Promise<void> {
    const { objects, referrers } = this.#parts;
    const { canonicalDigest, subject } = manifest;
    // First, or a delete that breaks off would leave it for ever: without the link there is nothing to delete again.
    await removeKeeper(objects, name, manifest, fence);
    const names = namesOf(manifest);
    // A look costs less than a delete, and few manifests have a second name.
    const linked = (await this.hasSecondName(name, manifest)) ? names : [canonicalDigest];
    await unlinkContent(objects, revisionLinkKey, name, canonicalDigest, linked, fence);
    if (subject) await referrers.remove(name, subject.digest, names, fence);
  }

  /** Whether anything was ever pushed to this repository: NAME_UNKNOWN or MANIFEST_UNKNOWN. */
  async repositoryExists(name: RepositoryName): Promise<boolean> {
    const pages = await Promise.all(
      repositoryPrefixes(name).map((prefix) =>
        this.#parts.objects.list({ prefix, delimiter: '/', limit: 1 }),
      ),
    );
    return pages.some((page) => page.keys.length + page.prefixes.length > 0);
  }
}

/** `misplaced`: an index lists it as a manifest, and the repository has it as a blob. */
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

/** The canonical digests of those that a repository has; a SHA-256 digest is canonical without asking. */
async function canonicalOf(
  descriptors: readonly { readonly digest: Digest }[],
  resolve: (digest: Digest) => Promise<Sha256Digest | undefined>,
): Promise<Sha256Digest[]> {
  const canonical = await pMap(
    new Set(descriptors.map(({ digest }) => digest)),
    async (digest) => (isSha256(digest) ? digest : resolve(digest)),
    { concurrency: STATS_AT_ONCE },
  );
  return canonical.filter((digest) => digest !== undefined);
}

/** Every digest that a manifest may have been pushed under; the canonical one first. */
export function namesOf(manifest: Manifest): [Sha256Digest, Digest] {
  return [manifest.canonicalDigest, digestBy('sha512', manifest.bytes)];
}

/** Which of these are missing; asks for each content once, for a few at a time. */
async function missing<T extends Descriptor>(
  descriptors: readonly T[],
  isThere: (descriptor: T) => Promise<boolean>,
): Promise<T[]> {
  const distinct = [...new Map(descriptors.map((each) => [keyOf(each), each])).entries()];
  const there = await pMap(distinct, ([, each]) => isThere(each), { concurrency: STATS_AT_ONCE });
  const gone = new Set(distinct.filter((_, i) => !there[i]).map(([key]) => key));
  return descriptors.filter((each) => gone.has(keyOf(each)));
}

/** Whether content is there may depend on its media type. */
function keyOf(descriptor: Descriptor): string {
  return `${descriptor.digest} ${mayBeBlob(descriptor)}`;
}
