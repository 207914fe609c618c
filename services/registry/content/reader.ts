import type { Digest, Sha256Digest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/names.ts';
import { Cached } from '../storage/cached.ts';
import type { BlobStat } from './blobs.ts';
import type { Content } from './content.ts';
import { SMALL_BLOB_MAX_BYTES } from './integrity.ts';

/** Verified content cannot become wrong. It still ages, so that loss or damage in the store is noticed. */
const CONTENT_MAX_AGE_MS = 60 * 60_000;

/** How long a URL into the store is good for, as Distribution has it: a slow client's ranges and retries fit in. */
const BLOB_URL_TTL_SECONDS = 20 * 60;
/** How long a URL is reused: signing costs more than all the rest of a redirect. */
const BLOB_URL_REUSE_MS = 5 * 60_000;
const BLOB_URLS_MAX = 10_000;

/** Bytes of manifests and small blobs kept in memory. */
const CONTENT_MAX_BYTES = 128 * 1024 * 1024;
/** How many tags, and how many links, are remembered. */
const ENTRIES_MAX = 100_000;
/** How long another node's move of a tag may go unseen. */
const TAG_MAX_AGE_MS = 1000;
/** How long another node's delete may go unseen: the age limit of "this repository has that content". */
const LINK_MAX_AGE_MS = 30_000;

type ReadContent = Pick<Content, 'blobs' | 'manifests' | 'tags'>;

interface LoadedManifest {
  readonly manifest: Manifest;
  /** Whether tags may know it by another algorithm's name. */
  readonly hasSecondName: boolean;
}

/**
 * Reads of the pull path, answered from memory once warm. Content never changes under its digest; only tags and links
 * can, and their ages are bounded. Writes never use this: they ask the store.
 */
export class Reader {
  readonly #content: ReadContent;
  readonly #tagCache = new Cached<Sha256Digest>({ maxSize: ENTRIES_MAX, maxAgeMs: TAG_MAX_AGE_MS });
  readonly #blobCache = new Cached<BlobStat>({ maxSize: ENTRIES_MAX, maxAgeMs: LINK_MAX_AGE_MS });
  readonly #manifestCache = new Cached<LoadedManifest>({
    maxSize: CONTENT_MAX_BYTES / 2,
    // The bytes, and about twice as much for what was parsed from them.
    sizeOf: ({ manifest }) => manifest.bytes.length * 3 + 500,
    maxAgeMs: LINK_MAX_AGE_MS,
  });
  readonly #smallBlobs = new Cached<Buffer>({
    maxSize: CONTENT_MAX_BYTES / 2,
    sizeOf: (bytes) => bytes.length + 200,
    maxAgeMs: CONTENT_MAX_AGE_MS,
  });
  readonly #blobUrls = new Cached<string>({ maxSize: BLOB_URLS_MAX, maxAgeMs: BLOB_URL_REUSE_MS });

  constructor(content: ReadContent) {
    this.#content = content;
  }

  /** The use of each cache; the size of manifests and small blobs is in bytes. */
  get caches() {
    return {
      tags: this.#tagCache.use,
      links: this.#blobCache.use,
      manifests: this.#manifestCache.use,
      'small-blobs': this.#smallBlobs.use,
      'blob-urls': this.#blobUrls.use,
    };
  }

  /** The manifest that a tag or digest names in this repository. */
  async manifest(name: RepositoryName, reference: Reference): Promise<Manifest | undefined> {
    if (reference.kind === 'digest') return (await this.#load(name, reference.digest))?.manifest;
    const loaded = await this.#tagged(name, reference.tag);
    if (!loaded?.hasSecondName) return loaded?.manifest;
    // Pushed under another algorithm: too rare to be remembered, and read only then.
    const digest = await this.#content.tags.nameOf(name, reference.tag, loaded.manifest.canonicalDigest);
    return { ...loaded.manifest, digest };
  }

  /**
   * What a tag names. If that is gone, the tag may have moved before it went, on another node or since it was read: it is
   * read again. A tag that always named something is never answered 404.
   */
  async #tagged(name: RepositoryName, tag: Tag): Promise<LoadedManifest | undefined> {
    let before: Sha256Digest | undefined;
    for (;;) {
      const canonical = await this.#tag(name, tag);
      const loaded = canonical && (await this.#load(name, canonical));
      if (loaded || canonical === undefined || canonical === before) return loaded;
      before = canonical;
      this.tagMoved(name, tag);
    }
  }

  #load(name: RepositoryName, digest: Digest): LoadedManifest | Promise<LoadedManifest | undefined> {
    return this.#manifestCache.get(`${name}@${digest}`, async () => {
      const manifest = await this.#content.manifests.get(name, digest);
      return (
        manifest && { manifest, hasSecondName: await this.#content.manifests.hasSecondName(name, manifest) }
      );
    });
  }

  /** The canonical digest that a tag names, at most `TAG_MAX_AGE_MS` old. */
  #tag(name: RepositoryName, tag: Tag): Sha256Digest | Promise<Sha256Digest | undefined> {
    return this.#tagCache.get(`${name}:${tag}`, () => this.#content.tags.resolve(name, tag));
  }

  /** The blob, if this repository has it and it is not known to be damaged. */
  blob(name: RepositoryName, digest: Digest): BlobStat | Promise<BlobStat | undefined> {
    return this.#blobCache.get(`${name}@${digest}`, async () => {
      const blob = await this.#content.blobs.statUnread(name, digest);
      if (blob === undefined || blob.sizeBytes > SMALL_BLOB_MAX_BYTES) return blob;
      // Read now, as the client asks for its bytes next.
      const bytes = await this.smallBlob(blob.digest);
      return bytes && { digest: blob.digest, sizeBytes: bytes.length };
    });
  }

  /** The bytes of a small blob, verified. */
  smallBlob(digest: Sha256Digest): Buffer | Promise<Buffer | undefined> {
    return this.#smallBlobs.get(digest, () => this.#content.blobs.read(digest, SMALL_BLOB_MAX_BYTES));
  }

  /** Where a client without credentials can fetch a blob for a while, if the store has a way. */
  blobUrl(digest: Sha256Digest): string | Promise<string | undefined> {
    return this.#blobUrls.get(digest, () => this.#content.blobs.urlOf(digest, BLOB_URL_TTL_SECONDS));
  }

  /** To be called when content was taken from a repository or replaced, on this node or (by a message) on another. */
  contentRemoved(name: RepositoryName, digest: Digest): void {
    this.#manifestCache.invalidate(`${name}@${digest}`);
    this.#blobCache.invalidate(`${name}@${digest}`);
  }

  /** To be called when tags may have moved and content may have been removed without a message. */
  resync(): void {
    this.#tagCache.clear();
    this.#manifestCache.clear();
    this.#blobCache.clear();
  }

  /** To be called when a tag moved, on this node or (by a message) on another. */
  tagMoved(name: RepositoryName, tag: Tag): void {
    this.#tagCache.invalidate(`${name}:${tag}`);
  }
}
