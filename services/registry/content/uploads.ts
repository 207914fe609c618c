import { algorithmOf, type Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import { newUploadId, type RepositoryName, type UploadId } from '../oci/names.ts';
import { blobDataKey, uploadPrefix, uploadStartedAtKey } from '../storage/layout.ts';
import { listAll, type ObjectStore, StoreFullError } from '../storage/object-store.ts';
import type { BlobStat, Blobs } from './blobs.ts';
import type { CollectionGuard } from './quarantine/guard.ts';
import { settle } from './upload-closing.ts';
import { type PieceHash, UploadHashes } from './upload-hash.ts';
import { writePiece } from './upload-pieces.ts';
import { addRecord, readState, type UploadState } from './upload-records.ts';

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
 * Uploads, stateless over nodes: POST on one, PATCH on a second, PUT on a third. Each request's bytes are a piece, which
 * a record claims by its offset; the newest record alone says what the upload consists of and what its hash is so far.
 * So neither a piece nor the end costs more for what came before. docs/decisions/0014-uploads-in-many-pieces.md has how
 * pieces become a blob; docs/decisions/0001-object-store-without-rename.md why an upload that Distribution began over
 * the same store goes on here, and not the other way round.
 */
export class Uploads {
  readonly #objects: ObjectStore;
  readonly #blobs: Blobs;
  readonly #quarantine: CollectionGuard;
  readonly #hashes = new UploadHashes();
  readonly #outdatedMax: number;

  /** `outdatedMax`: outdated records and claims are deleted when there are this many, so most pieces need no request for it. */
  constructor(objects: ObjectStore, blobs: Blobs, quarantine: CollectionGuard, { outdatedMax = 8 } = {}) {
    this.#outdatedMax = outdatedMax;
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
    return (await this.#state(name, id, signal)).sizeBytes;
  }

  /**
   * Adds a request's body at the end; answers with the new size. A body that breaks off leaves what came of it, for
   * the client to resume from, and throws CLIENT_GONE. A range that does not begin at the end, or another request
   * that came first, is RANGE_INVALID.
   */
  async append(name: RepositoryName, id: UploadId, body: UploadBody): Promise<number> {
    const before = await this.#state(name, id);
    try {
      return (await this.#receive(name, id, before, body)).sizeBytes;
    } catch (error) {
      throw await this.#explained(name, id, before, error);
    }
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
    let whole = await this.#state(name, id);
    try {
      whole = await this.#receive(name, id, whole, body);
      return await this.#close(name, id, digest, whole, hooks);
    } catch (error) {
      throw await this.#explained(name, id, whole, error);
    }
  }

  async #close(
    name: RepositoryName,
    id: UploadId,
    digest: Digest,
    whole: UploadState,
    { onVerified, onCommitted }: CommitHooks,
  ): Promise<BlobStat> {
    const { sizeBytes } = whole;
    const { sources, digests } = await settle(this.#objects, { name, id }, whole, algorithmOf(digest));
    const { stored, named } = digests;
    if (named !== digest) {
      await this.#forget(name, id);
      throw new RegistryError(
        'DIGEST_INVALID',
        'the uploaded bytes have another digest than the one given: upload the blob again',
        { given: digest, actual: named, sizeBytes },
      );
    }
    const blob = { digest: stored, sizeBytes };
    await onVerified?.(blob);
    // Bytes that are there already may be about to be collected.
    await this.#quarantine.pin([stored], async () => {
      await this.#publishBytes(blob, sources);
      await this.#blobs.link(name, stored, digest);
    });
    await onCommitted?.(blob);
    await this.#forget(name, id);
    return blob;
  }

  /** What a failure was in truth: another request may have changed or ended the upload under this one's feet. */
  async #explained(
    name: RepositoryName,
    id: UploadId,
    { record }: UploadState,
    error: unknown,
  ): Promise<unknown> {
    if (error instanceof RegistryError) return error;
    const now = await this.#state(name, id);
    return now.record === record ? error : outrun(now.sizeBytes, error);
  }

  /** Gives an upload up. */
  async cancel(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<void> {
    if (!(await this.#exists(name, id, signal))) throw unknownUpload();
    await this.#forget(name, id);
  }

  async #state(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<UploadState> {
    const state = await readState(this.#objects, { name, id }, signal);
    // In this order: forgetting begins with `startedat`, so while that stands the records were all there.
    if (!(await this.#exists(name, id, signal))) throw unknownUpload();
    return state;
  }

  async #exists(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<boolean> {
    return (await this.#objects.stat(uploadStartedAtKey(name, id), signal)) !== undefined;
  }

  async #receive(
    name: RepositoryName,
    id: UploadId,
    before: UploadState,
    body: UploadBody,
  ): Promise<UploadState> {
    const offset = before.sizeBytes;
    checkRange(offset, body);
    if (body.sizeBytes === 0) return before;
    const place = { name, id };
    const hash = await this.#hashes.goOn(before, body.range !== undefined);
    const cut = untilCut(body.stream);
    const passing = hashedAndCounted(cut.body, hash);
    const { passed } = passing;
    const piece = await writePiece(this.#objects, place, before, passing.body, passed);
    if (passed.sizeBytes === 0) {
      await this.#clear(piece.unclaimed);
      if (cut.error()) throw clientGone(offset, cut.error());
      return before;
    }
    const { segments } = piece;
    const sizeBytes = offset + passed.sizeBytes;
    const known = hash.end();
    const record = { offset, sizeBytes: passed.sizeBytes, segments, hash: known };
    const { outcome, key } = await addRecord(this.#objects, place, record).catch(async (error: unknown) => {
      // Of other failures it is unknown whether the record is there, and then it needs its bytes.
      if (error instanceof StoreFullError) await this.#clear(piece.unclaimed);
      throw error;
    });
    if (outcome === 'over') await this.#clear([...piece.unclaimed, key]);
    if (outcome === 'over') throw unknownUpload();
    if (outcome === 'taken') await this.#clear(piece.unclaimed);
    if (outcome !== 'newest') throw outrun(offset);
    hash.remember(segments.at(-1)?.id ?? '', sizeBytes);
    const outdated = [...before.outdated, ...piece.merged];
    if (piece.merged.length > 0 || outdated.length >= this.#outdatedMax) await this.#clear(outdated);
    if (cut.error()) throw clientGone(sizeBytes, cut.error());
    return { sizeBytes, segments, hash: known, record: key, outdated: [] };
  }

  /** Without waiting for the disk: what comes back after a power cut goes with the upload. */
  async #clear(keys: readonly string[]): Promise<void> {
    await this.#objects.delete(keys, undefined, FORGOTTEN);
  }

  async #publishBytes({ digest, sizeBytes }: BlobStat, sources: readonly string[]): Promise<void> {
    // Committing is idempotent: of two clients that finish the same blob, the second finds it done.
    if (await this.#blobs.hasSoundData(digest, sizeBytes)) return;
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

interface Passed {
  readonly sizeBytes: number;
}

/** Has a body hashed and counted as it passes. */
function hashedAndCounted(
  body: AsyncIterable<Buffer>,
  hash: PieceHash,
): { body: AsyncIterable<Buffer>; passed: Passed } {
  const passed = { sizeBytes: 0 };
  async function* through(): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      hash.update(chunk);
      passed.sizeBytes += chunk.length;
      yield chunk;
    }
  }
  return { body: through(), passed };
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

function outrun(offset: number, cause?: unknown): RegistryError {
  return new RegistryError(
    'RANGE_INVALID',
    'another request added to this upload at the same time: GET the upload to ask where to continue',
    { offset },
    cause,
  );
}

function unknownUpload(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload; begin a new one with POST');
}

function clientGone(keptBytes: number, cause: unknown): RegistryError {
  return new RegistryError('CLIENT_GONE', 'the request broke off before its end', { keptBytes }, cause);
}
