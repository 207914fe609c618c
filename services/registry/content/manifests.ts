import pMap from 'p-map';
import type { Digest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import { blobDataKey, repositoryPrefixes, revisionLinkKey } from '../layout.ts';
import { MANIFEST_MAX_BYTES, type Manifest, parseManifest } from '../manifest.ts';
import type { RepositoryName } from '../names.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Blobs } from './blobs.ts';
import { readLink, writeLink } from './link.ts';

const STATS_AT_ONCE = 16;

/** Manifests, and which repository has which; straight from the store, nothing remembered. */
export class Manifests {
  readonly #objects: ObjectStore;
  readonly #blobs: Blobs;

  constructor(objects: ObjectStore, blobs: Blobs) {
    this.#objects = objects;
    this.#blobs = blobs;
  }

  /** The manifest, if this repository has it. */
  async get(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<Manifest | undefined> {
    const canonical = await readLink(this.#objects, revisionLinkKey(name, digest), signal);
    if (canonical === undefined) return undefined;
    const bytes = await this.#objects.read(blobDataKey(canonical), MANIFEST_MAX_BYTES, signal);
    return bytes && parseManifest(bytes);
  }

  /** Whether this repository has the manifest, without reading it. */
  async has(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<boolean> {
    const [canonical, data] = await Promise.all([
      readLink(this.#objects, revisionLinkKey(name, digest), signal),
      this.#objects.stat(blobDataKey(digest), signal),
    ]);
    return canonical !== undefined && data !== undefined;
  }

  /**
   * Stores a manifest after checking, in the store and in no cache, that the repository has all that it names:
   * an image's config and layers, an index's manifests. Throws MANIFEST_BLOB_UNKNOWN with the digests that lack.
   */
  async put(name: RepositoryName, manifest: Manifest, signal?: AbortSignal): Promise<void> {
    const [blobs, manifests] = await Promise.all([
      missing(manifest.blobs, async (digest) => (await this.#blobs.stat(name, digest, signal)) !== undefined),
      missing(manifest.manifests, (digest) => this.has(name, digest, signal)),
    ]);
    const lacking = [...blobs, ...manifests];
    if (lacking.length > 0)
      throw new RegistryError(
        'MANIFEST_BLOB_UNKNOWN',
        `the manifest names content that ${name} does not have: push it first`,
        { digests: lacking.slice(0, 100) },
      );
    await this.#objects.put(blobDataKey(manifest.digest), manifest.bytes, signal && { signal });
    await this.link(name, manifest.digest, signal);
  }

  /** Gives a repository a manifest whose bytes are in the store already. */
  async link(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<void> {
    await writeLink(this.#objects, revisionLinkKey(name, digest), digest, signal && { signal });
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

/** Which of the distinct digests are not there, asked a few at a time. */
async function missing(
  descriptors: readonly { readonly digest: Digest }[],
  isThere: (digest: Digest) => Promise<boolean>,
): Promise<Digest[]> {
  const digests = [...new Set(descriptors.map(({ digest }) => digest))];
  const there = await pMap(digests, isThere, { concurrency: STATS_AT_ONCE });
  return digests.filter((_, i) => !there[i]);
}
