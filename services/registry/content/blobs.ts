import type { Writable } from 'node:stream';
import type { Digest, Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { Fence } from '../storage/fence.ts';
import { blobDataKey, layerLinkKey } from '../storage/layout.ts';
import type { ByteRange, ObjectRead, ObjectStore } from '../storage/object-store.ts';
import { linkContent, resolveContent, unlinkContent } from './canonical.ts';
import { Integrity } from './integrity.ts';
import { blobChange } from './turns/change.ts';
import { Turns } from './turns/turns.ts';

/** A blob that a repository has. */
export interface BlobStat {
  /** The canonical one; the client may have requested it by another algorithm. */
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
}

export interface LinkOptions {
  /** As the client names the blob. @default its SHA-256 */
  readonly requested?: Digest;
  readonly refresh?: () => Promise<unknown>;
  /** Aborts when the client has gone: nothing is linked then. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for a delete that is under way. */
  readonly patienceMs?: number;
}

/** Blobs, and which repository has which: asked of the store each time. */
export class Blobs {
  readonly #objects: ObjectStore;
  readonly #integrity: Integrity;
  readonly #turns: Turns;

  constructor(objects: ObjectStore, integrity = new Integrity(objects), turns = new Turns(objects)) {
    this.#objects = objects;
    this.#integrity = integrity;
    this.#turns = turns;
  }

  /** The blob, if this repository has it and its bytes are there, and not known to be damaged. */
  async stat(name: RepositoryName, digest: Digest): Promise<BlobStat | undefined> {
    const canonical = await this.resolve(name, digest);
    return canonical && this.statData(canonical);
  }

  /** {@link stat}, for a caller that reads the bytes by {@link read} before it relies on a small blob. */
  async statUnread(name: RepositoryName, digest: Digest): Promise<BlobStat | undefined> {
    const canonical = await this.resolve(name, digest);
    const stat = canonical && (await this.#objects.stat(blobDataKey(canonical)));
    if (!canonical || !stat || this.#integrity.isKnownDamaged(canonical, stat)) return undefined;
    return { digest: canonical, sizeBytes: stat.sizeBytes };
  }

  /** The canonical digest of a repository's blob; undefined where it has no link to it. Its bytes may be missing. */
  resolve(name: RepositoryName, digest: Digest): Promise<Sha256Digest | undefined> {
    return resolveContent(this.#objects, layerLinkKey, name, digest);
  }

  /** {@link resolve}, if any bytes are there, damaged or not. */
  async resolveData(name: RepositoryName, digest: Digest): Promise<Sha256Digest | undefined> {
    const canonical = await this.resolve(name, digest);
    return canonical && (await this.#objects.stat(blobDataKey(canonical))) ? canonical : undefined;
  }

  /** The bytes' size, whichever repository they belong to; undefined where they are not there, or known to be damaged. */
  async statData(digest: Sha256Digest, signal?: AbortSignal): Promise<BlobStat | undefined> {
    const stat = await this.#objects.stat(blobDataKey(digest), signal);
    if (stat === undefined || !(await this.#integrity.isSound(digest, stat, signal))) return undefined;
    return { digest, sizeBytes: stat.sizeBytes };
  }

  /**
   * Whether the store already has bytes with the digest and size that a client has just sent, so that they need not be
   * written.
   */
  async hasSoundData(digest: Sha256Digest, sizeBytes: number): Promise<boolean> {
    const there = await this.statData(digest);
    this.#integrity.forget(digest);
    return there?.sizeBytes === sizeBytes;
  }

  /** A stream of a blob's bytes, or of a range of them. The caller has checked that it may be read. */
  open(digest: Sha256Digest, signal: AbortSignal, range?: ByteRange): Promise<ObjectRead | undefined> {
    return this.#objects.get(blobDataKey(digest), range, signal);
  }

  /**
   * Writes a blob's bytes, or a range of them, to a stream, without ending it. Rejects when there is no such blob, or
   * when either side breaks off.
   */
  async send(digest: Sha256Digest, range: ByteRange | undefined, sink: Writable): Promise<void> {
    if (await this.#objects.send(blobDataKey(digest), range, sink)) return;
    throw new Error(`the bytes of ${digest} are not in the store`);
  }

  /** A URL at which anyone can fetch a blob for that time; undefined where only a node can serve it. */
  urlOf(digest: Sha256Digest, ttlSeconds: number): Promise<string | undefined> {
    return this.#objects.urlOf(blobDataKey(digest), ttlSeconds);
  }

  /** A whole small blob, verified; undefined where its bytes are not there, or damaged. */
  read(digest: Sha256Digest, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    return this.#integrity.read(digest, limitBytes, signal);
  }

  /**
   * Gives a repository a blob whose bytes are in the store already; a cross-repository mount is nothing more. `refresh`
   * looks for the bytes again where the link had to wait: a delete of the blob is under way, or may still take effect. Not
   * to be called in a turn; throws as {@link Turns.optimistically} does.
   */
  async link(
    name: RepositoryName,
    canonical: Sha256Digest,
    { requested = canonical, refresh, signal, patienceMs }: LinkOptions = {},
  ): Promise<void> {
    const links = [...new Set([canonical, requested])].map((digest) => blobChange(digest, 'linked'));
    const link = async (fence: Fence) => {
      await refresh?.();
      await linkContent(this.#objects, layerLinkKey, name, canonical, requested, fence);
    };
    await this.#turns.optimistically(name, links, link, { signal, patienceMs });
  }

  /** Takes a blob, if it is there, from a repository; the bytes stay for garbage collection. */
  async unlink(name: RepositoryName, digest: Digest, fence: Fence): Promise<void> {
    const canonical = await this.resolve(name, digest);
    if (canonical) await unlinkContent(this.#objects, layerLinkKey, name, canonical, [digest], fence);
  }
}
