import type { Writable } from 'node:stream';
import type { Digest } from '../digest.ts';
import { blobDataKey, layerLinkKey } from '../layout.ts';
import type { RepositoryName } from '../names.ts';
import type { ByteRange, ObjectRead, ObjectStore } from '../object-store.ts';
import { readLink, writeLink } from './link.ts';

/** A blob that a repository has. */
export interface BlobStat {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Blobs, and which repository has which; straight from the store, nothing remembered. */
export class Blobs {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** The blob, if this repository has it and its bytes are there. */
  async stat(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<BlobStat | undefined> {
    const canonical = await readLink(this.#objects, layerLinkKey(name, digest), signal);
    if (canonical === undefined) return undefined;
    return this.statData(canonical, signal);
  }

  /** The bytes' size, whichever repository they belong to. */
  async statData(digest: Digest, signal?: AbortSignal): Promise<BlobStat | undefined> {
    const stat = await this.#objects.stat(blobDataKey(digest), signal);
    return stat && { digest, sizeBytes: stat.sizeBytes };
  }

  /** A stream of a blob's bytes, or of a range of them. The caller has checked that it may be read. */
  open(digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRead | undefined> {
    return this.#objects.get(blobDataKey(digest), range, signal);
  }

  /**
   * Writes a blob's bytes, or a range of them, to a stream, without ending it. Rejects when there is no such blob, or when either side breaks off.
   */
  async send(digest: Digest, range: ByteRange | undefined, sink: Writable): Promise<void> {
    if (await this.#objects.send(blobDataKey(digest), range, sink)) return;
    throw new Error(`the bytes of ${digest} are not in the store`);
  }

  /** A whole small blob. */
  read(digest: Digest, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    return this.#objects.read(blobDataKey(digest), limitBytes, signal);
  }

  /** Gives a repository a blob whose bytes are in the store already; a cross-repository mount is nothing more. */
  async link(name: RepositoryName, digest: Digest, signal?: AbortSignal): Promise<void> {
    await writeLink(this.#objects, layerLinkKey(name, digest), digest, signal && { signal });
  }
}
