import { type Algorithm, algorithmOf, type Digest, Hasher, hashing, type Sha256Digest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Quarantine } from '../garbage/online/hold.ts';
import { blobDataKey, uploadBytesKey, uploadPrefix, uploadStartedAtKey } from '../layout.ts';
import { newUploadId, type RepositoryName, type UploadId } from '../names.ts';
import { listAll, type ObjectStore } from '../object-store.ts';
import type { BlobStat, Blobs } from './blobs.ts';
import {
  claimPart,
  type ForeignPart,
  type OwnPart,
  partKey,
  readParts,
  type UploadPart,
} from './upload-parts.ts';

/** A request's body and what its headers promised of it. */
export interface UploadBody {
  readonly stream: AsyncIterable<Buffer>;
  /** From Content-Length; undefined for a chunked body. */
  readonly sizeBytes: number | undefined;
  /** From Content-Range; undefined means "go on where the upload ends". */
  readonly range: { readonly first: number; readonly last: number } | undefined;
}

/** What else has to be done when an upload is closed. */
export interface CommitHooks {
  /** Runs when the bytes have the right digest, and before they are anybody's blob. */
  readonly onVerified?: (blob: BlobStat) => Promise<void>;
  /** Runs while the upload can still be closed again, should it or the process fail. */
  readonly onCommitted?: (blob: BlobStat) => Promise<void>;
}

/**
 * Uploads, stateless over nodes: POST on one, PATCH on a second, PUT on a third. Each request's bytes become an
 * immutable part, claimed by offset; the parts become the blob by composition. Bytes are hashed as they pass, so the
 * usual upload (POST, one PATCH, PUT) is never read a second time; only one of several parts is, once, at its end, or
 * one that the client names by another algorithm than the store's. An upload that Distribution began over the same
 * store goes on here (docs/decisions/0001-object-store-without-rename.md has why not the other way round).
 */
export class Uploads {
  readonly #objects: ObjectStore;
  readonly #blobs: Blobs;
  readonly #quarantine: Quarantine;

  constructor(objects: ObjectStore, blobs: Blobs, quarantine: Quarantine) {
    this.#objects = objects;
    this.#blobs = blobs;
    this.#quarantine = quarantine;
  }

  /** Opens an upload. */
  async begin(name: RepositoryName, signal?: AbortSignal): Promise<UploadId> {
    const id = newUploadId();
    const startedAt = `${new Date().toISOString().slice(0, 19)}Z`;
    const options = { durable: false, ...(signal && { signal }) };
    await this.#objects.put(uploadStartedAtKey(name, id), Buffer.from(startedAt), options);
    return id;
  }

  /** How many bytes an upload has; throws BLOB_UPLOAD_UNKNOWN where there is no such upload. */
  async sizeBytes(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<number> {
    return totalBytes(await this.#parts(name, id, signal));
  }

  /**
   * Adds a request's body at the end; answers with the new size. A body that breaks off leaves what came of it, for
   * the client to resume from, and throws CLIENT_GONE. A range that does not begin at the end, or another request
   * that came first, is RANGE_INVALID and changes nothing.
   */
  async append(name: RepositoryName, id: UploadId, body: UploadBody): Promise<number> {
    const parts = await this.#parts(name, id);
    const part = await this.#receive(name, id, totalBytes(parts), body);
    return totalBytes(parts) + (part?.sizeBytes ?? 0);
  }

  /**
   * Closes an upload: adds the last body, if any, checks the digest over all bytes, makes them a blob of the
   * repository, and forgets the upload. A wrong digest is DIGEST_INVALID, and forgets the upload too.
   */
  async commit(
    name: RepositoryName,
    id: UploadId,
    digest: Digest,
    body: UploadBody,
    hooks: CommitHooks = {},
  ): Promise<BlobStat> {
    const earlier = await this.#parts(name, id);
    const last = await this.#receive(name, id, totalBytes(earlier), body);
    const parts = last ? [...earlier, last] : earlier;
    try {
      return await this.#close(name, id, digest, parts, hooks);
    } catch (error) {
      // Another request closed or cancelled the upload meanwhile, and what it was made of has gone.
      if (!(error instanceof RegistryError) && !(await this.#exists(name, id))) throw unknownUpload();
      throw error;
    }
  }

  async #close(
    name: RepositoryName,
    id: UploadId,
    digest: Digest,
    parts: readonly UploadPart[],
    { onVerified, onCommitted }: CommitHooks,
  ): Promise<BlobStat> {
    const own = await this.#adopt(name, id, parts);
    const { stored, named } = await this.#digestsOf(name, id, own, algorithmOf(digest));
    if (named !== digest) {
      await this.#forget(name, id);
      throw new RegistryError(
        'DIGEST_INVALID',
        'the uploaded bytes have another digest than the one given: upload the blob again',
        { given: digest, actual: named, sizeBytes: totalBytes(own) },
      );
    }
    const blob = { digest: stored, sizeBytes: totalBytes(own) };
    await onVerified?.(blob);
    // Bytes that are there already may be about to be collected.
    await this.#quarantine.hold([stored], async () => {
      await this.#publishBytes(name, id, stored, own);
      await this.#blobs.link(name, stored, digest);
    });
    await onCommitted?.(blob);
    await this.#forget(name, id);
    return blob;
  }

  /** Copies what Distribution took, for its file may still grow, and a blob must be what was verified. */
  async #adopt(name: RepositoryName, id: UploadId, parts: readonly UploadPart[]): Promise<OwnPart[]> {
    const own: OwnPart[] = [];
    for (const part of parts) own.push('foreignKey' in part ? await this.#copy(name, id, part) : part);
    return own;
  }

  async #copy(name: RepositoryName, id: UploadId, { foreignKey, sizeBytes }: ForeignPart): Promise<OwnPart> {
    const read = await this.#objects.get(foreignKey, { first: 0, last: sizeBytes - 1 });
    if (read === undefined) throw unknownUpload();
    const partId = crypto.randomUUID();
    const { body, passed } = hashing(read.body);
    await this.#objects.put(uploadBytesKey(name, id, partId), body);
    return { offset: 0, sizeBytes: passed.sizeBytes, digest: passed.digest(), partId };
  }

  /** Gives an upload up. */
  async cancel(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<void> {
    if (!(await this.#exists(name, id, signal))) throw unknownUpload();
    await this.#forget(name, id);
  }

  async #parts(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<UploadPart[]> {
    const parts = await readParts(this.#objects, name, id, signal);
    // In this order: forgetting begins with `startedat`, so while that stands the parts were all there.
    if (!(await this.#exists(name, id, signal))) throw unknownUpload();
    return parts;
  }

  async #exists(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<boolean> {
    return (await this.#objects.stat(uploadStartedAtKey(name, id), signal)) !== undefined;
  }

  async #receive(
    name: RepositoryName,
    id: UploadId,
    offset: number,
    body: UploadBody,
  ): Promise<OwnPart | undefined> {
    checkRange(offset, body);
    if (body.sizeBytes === 0) return undefined;
    const partId = crypto.randomUUID();
    const bytesKey = uploadBytesKey(name, id, partId);
    const cut = untilCut(body.stream);
    const { body: stream, passed } = hashing(cut.body);
    // Durable before its record says so: after a power cut a record without its bytes would vouch for nothing.
    await this.#objects.put(bytesKey, stream);
    if (passed.sizeBytes === 0) {
      await this.#objects.delete([bytesKey]);
      if (cut.error()) throw clientGone(offset, cut.error());
      return undefined;
    }
    const part = { offset, sizeBytes: passed.sizeBytes, digest: passed.digest(), partId };
    const isClaimed = await claimPart(this.#objects, name, id, part).catch(async (error: unknown) => {
      await this.#objects.delete([bytesKey]);
      throw error;
    });
    if (!isClaimed) {
      await this.#objects.delete([bytesKey]);
      throw new RegistryError('RANGE_INVALID', 'another request added to this upload at the same time', {
        offset,
      });
    }
    if (cut.error()) throw clientGone(offset + part.sizeBytes, cut.error());
    return part;
  }

  async #digestsOf(
    name: RepositoryName,
    id: UploadId,
    parts: readonly OwnPart[],
    algorithm: Algorithm,
  ): Promise<{ stored: Sha256Digest; named: Digest }> {
    const [only] = parts;
    if (only && parts.length === 1 && algorithm === 'sha256') {
      const stat = await this.#objects.stat(partKey(name, id, only));
      if (stat?.sizeBytes === only.sizeBytes) return { stored: only.digest, named: only.digest };
    }
    const hasher = new Hasher(algorithm);
    for (const part of parts) {
      const read = await this.#objects.get(partKey(name, id, part));
      // Closed or cancelled meanwhile, and perhaps not swept up to its end.
      if (!read) throw unknownUpload();
      for await (const chunk of read.body) hasher.update(chunk);
    }
    return hasher.digests();
  }

  async #publishBytes(
    name: RepositoryName,
    id: UploadId,
    digest: Sha256Digest,
    parts: readonly OwnPart[],
  ): Promise<void> {
    // Committing is idempotent: of two clients that finish the same blob, the second finds it done.
    if (await this.#blobs.hasSoundData(digest, totalBytes(parts))) return;
    const sources = parts.map((part) => partKey(name, id, part));
    await this.#objects.compose(sources, blobDataKey(digest));
  }

  /** `startedat` goes first: without it the upload is unknown, whatever a crash leaves behind. */
  async #forget(name: RepositoryName, id: UploadId): Promise<void> {
    // By itself: a backend deletes the keys of one call in any order.
    await this.#objects.delete([uploadStartedAtKey(name, id)], undefined, FORGOTTEN);
    const left: string[] = [];
    for await (const { key } of listAll(this.#objects, { prefix: uploadPrefix(name, id) })) left.push(key);
    await this.#objects.delete(left, undefined, FORGOTTEN);
  }
}

/** An upload that comes back after a power cut is one that its client has given up: the purger takes it. */
const FORGOTTEN = { durable: false };

function totalBytes(parts: readonly UploadPart[]): number {
  return parts.reduce((sum, part) => sum + part.sizeBytes, 0);
}

function checkRange(offset: number, { range, sizeBytes }: UploadBody): void {
  if (range === undefined) return;
  if (range.first !== offset)
    throw new RegistryError(
      'RANGE_INVALID',
      `the upload has ${offset} bytes: continue there, or GET the upload to ask`,
      { offset },
    );
  if (sizeBytes !== undefined && range.last - range.first + 1 !== sizeBytes)
    throw new RegistryError('SIZE_INVALID', 'Content-Range and Content-Length disagree', { sizeBytes });
}

/** Ends a body that breaks off as if it had ended there, and tells afterwards that it broke off. */
function untilCut(stream: AsyncIterable<Buffer>): { body: AsyncIterable<Buffer>; error: () => unknown } {
  let error: unknown;
  async function* body(): AsyncGenerator<Buffer> {
    try {
      yield* stream;
    } catch (cause) {
      error = cause ?? new Error('the body broke off');
    }
  }
  return { body: body(), error: () => error };
}

function unknownUpload(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload; begin a new one with POST');
}

function clientGone(keptBytes: number, cause: unknown): RegistryError {
  return new RegistryError('CLIENT_GONE', 'the request broke off before its end', { keptBytes }, cause);
}
