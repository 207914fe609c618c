import { algorithmOf, type Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import { newUploadId, type RepositoryName, type UploadId, unknownUpload } from '../oci/names.ts';
import { blobDataKey, uploadPrefix, uploadStartedAtKey } from '../storage/layout.ts';
import { listAll, type ObjectStore, StoreFullError } from '../storage/object-store.ts';
import { ALWAYS_WRITABLE, type WriteSwitch } from '../storage/read-only.ts';
import type { BlobStat, Blobs } from './blobs.ts';
import type { CollectionGuard } from './quarantine/guard.ts';
import { type BodyPiece, BodyPieces, CHECKPOINTS, type Checkpoints } from './upload-body.ts';
import { settle } from './upload-closing.ts';
import { type PieceHash, UploadHashes } from './upload-hash.ts';
import { writePiece } from './upload-pieces.ts';
import {
  addRecord,
  readState,
  type StoredUpload,
  type UploadPlace,
  type UploadState,
} from './upload-records.ts';

/** A request's body and what its headers say about it. */
export interface UploadBody {
  readonly stream: AsyncIterable<Buffer>;
  /** From Content-Length; undefined for a chunked body. */
  readonly sizeBytes: number | undefined;
  /** From Content-Range; undefined means "continue where the upload ends". */
  readonly range: { readonly first: number; readonly last: number } | undefined;
}

/** What tests and settings change of {@link Uploads}. */
export interface UploadOptions extends Partial<Checkpoints> {
  /** Outdated records and claims are deleted when there are this many, so most pieces need no request for it. */
  readonly outdatedMax?: number;
  readonly writes?: WriteSwitch;
}

/** An upload whose bytes are all there and have the digest that the client gave. */
export interface VerifiedUpload {
  readonly place: UploadPlace;
  readonly blob: BlobStat;
  /** As the client named the blob. */
  readonly digest: Digest;
  /** Objects that make up the blob, in order. */
  readonly sources: readonly string[];
  readonly state: UploadState;
}

/**
 * Uploads, stateless over nodes: POST on one, PATCH on a second, PUT on a third. Each request's bytes are a piece, or
 * several if there are many, and a record claims each by its offset; the newest record alone says what the upload
 * consists of and what its hash is so far. So neither a piece nor the end costs more for what came before.
 * docs/decisions/0014-uploads-in-many-pieces.md says how pieces become a blob;
 * docs/decisions/0001-object-store-without-rename.md why an upload that Distribution began over the same store can be
 * continued here, and not the other way round.
 */
export class Uploads {
  readonly #objects: ObjectStore;
  readonly #blobs: Blobs;
  readonly #quarantine: CollectionGuard;
  readonly #writes: WriteSwitch;
  readonly #hashes = new UploadHashes();
  readonly #outdatedMax: number;
  readonly #checkpoints: Checkpoints;
  /** The same for a blob that comes whole. */
  readonly #uncut: Checkpoints;

  constructor(
    objects: ObjectStore,
    blobs: Blobs,
    quarantine: CollectionGuard,
    { outdatedMax = 8, writes = ALWAYS_WRITABLE, ...checkpoints }: UploadOptions = {},
  ) {
    this.#writes = writes;
    this.#outdatedMax = outdatedMax;
    this.#checkpoints = { ...CHECKPOINTS, ...checkpoints };
    this.#uncut = { ...this.#checkpoints, checkpointBytes: Number.POSITIVE_INFINITY };
    this.#objects = objects;
    this.#blobs = blobs;
    this.#quarantine = quarantine;
  }

  /** Opens an upload. */
  async begin(name: RepositoryName): Promise<UploadId> {
    const id = newUploadId();
    const startedAt = `${new Date().toISOString().slice(0, 19)}Z`;
    await this.#objects.put(uploadStartedAtKey(name, id), Buffer.from(startedAt), NOT_DURABLE);
    return id;
  }

  /** How many bytes an upload has; throws BLOB_UPLOAD_UNKNOWN where there is no such upload. */
  async sizeBytes(place: UploadPlace): Promise<number> {
    return (await this.#state(place)).sizeBytes;
  }

  /**
   * Adds a request's body at the end; returns the new size. A body that breaks off leaves what came of it, for the
   * client to resume from, and throws CLIENT_GONE; a node that dies leaves what came until the last checkpoint. A range
   * that does not begin at the end, or another request that came first, is RANGE_INVALID.
   */
  async append(place: UploadPlace, body: UploadBody): Promise<number> {
    const before = await this.#state(place);
    return (await this.#receive(place, before, body, this.#checkpoints)).sizeBytes;
  }

  /**
   * Adds the last body, if any, and checks the digest over all bytes. A wrong digest is DIGEST_INVALID, and ends the
   * upload. Otherwise {@link publish} and {@link forget} come next.
   */
  async verify(place: UploadPlace, digest: Digest, body: UploadBody): Promise<VerifiedUpload> {
    const before = await this.#state(place);
    // A client sends a blob that comes whole from its beginning again if the store fails: of it nothing may be kept.
    const isWhole = before.sizeBytes === 0 && body.range === undefined;
    const state = await this.#receive(place, before, body, isWhole ? this.#uncut : this.#checkpoints);
    const { sources, digests } = await this.#explaining(place, state, () =>
      settle(this.#in(place), state, algorithmOf(digest)),
    );
    const { sizeBytes } = state;
    if (digests.requestedDigest === digest)
      return { place, blob: { digest: digests.canonicalDigest, sizeBytes }, digest, sources, state };
    await this.forget(place);
    throw new RegistryError(
      'DIGEST_INVALID',
      'the uploaded bytes have another digest than the one given: upload the blob again',
      { given: digest, actual: digests.requestedDigest, sizeBytes },
    );
  }

  /** Makes a verified upload a blob of its repository, unless the client has gone. May be done again. */
  async publish(
    { place, blob, digest, sources, state }: VerifiedUpload,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#explaining(place, state, () =>
      // Bytes that are there already may be about to be collected.
      this.#quarantine.pin([blob.digest], {
        verify: async () => {
          // Of two clients that finish the same blob, the second finds it done.
          if (!(await this.#blobs.hasSoundData(blob.digest, blob.sizeBytes)))
            await this.#objects.compose(sources, blobDataKey(blob.digest));
        },
        commit: async (_, { isAgain, refresh }) => {
          await this.#blobs.link(place.name, blob.digest, {
            ...{ requested: digest, signal },
            refresh: async () => {
              await refresh();
              await this.#writes.confirm(isAgain);
            },
          });
        },
      }),
    );
  }

  /** Gives an upload up; throws BLOB_UPLOAD_UNKNOWN where there is no such upload. */
  async cancel(place: UploadPlace): Promise<void> {
    if (!(await this.#exists(place))) throw unknownUpload();
    await this.forget(place);
  }

  /** Deletes what is left of an upload. `startedat` goes first: without it the upload is unknown, whatever a crash leaves. */
  async forget({ name, id }: UploadPlace): Promise<void> {
    // By itself: a backend deletes the keys of one call in any order.
    await this.#clear([uploadStartedAtKey(name, id)]);
    const left = listAll(this.#objects, { prefix: uploadPrefix(name, id) });
    await this.#clear(await Array.fromAsync(left, ({ key }) => key));
  }

  /** Finds out what a failure was in truth: another request may have changed or ended the upload at the same time. */
  async #explaining<T>(place: UploadPlace, { record }: UploadState, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      const now = await this.#state(place);
      throw now.record === record ? error : outrun(now.sizeBytes, error);
    }
  }

  async #state(place: UploadPlace): Promise<UploadState> {
    const state = await readState(this.#in(place));
    // In this order: forgetting begins with `startedat`, so while that exists the records were all there.
    if (!(await this.#exists(place))) throw unknownUpload();
    return state;
  }

  async #exists({ name, id }: UploadPlace): Promise<boolean> {
    return (await this.#objects.stat(uploadStartedAtKey(name, id))) !== undefined;
  }

  /** Adds a body piece by piece: what one request brings is at risk only since its last checkpoint. */
  async #receive(
    place: UploadPlace,
    before: UploadState,
    body: UploadBody,
    checkpoints: Checkpoints,
  ): Promise<UploadState> {
    checkRange(before.sizeBytes, body);
    if (body.sizeBytes === 0) return before;
    const hash = await this.#hashes.goOn(before, body.range !== undefined);
    await using pieces = new BodyPieces(body.stream, hash, checkpoints);
    let state = before;
    while (await pieces.hasNext()) {
      const last = state;
      state = await this.#explaining(place, last, () => this.#add(place, last, pieces.next(), hash));
    }
    if (pieces.error) throw clientGone(state.sizeBytes, pieces.error);
    return state;
  }

  async #add(
    place: UploadPlace,
    before: UploadState,
    { chunks, passed }: BodyPiece,
    hash: PieceHash,
  ): Promise<UploadState> {
    const offset = before.sizeBytes;
    const piece = await writePiece(this.#in(place), before, chunks, passed);
    const { segments } = piece;
    const sizeBytes = offset + passed.sizeBytes;
    const known = hash.end();
    const record = { offset, sizeBytes: passed.sizeBytes, segments, hash: known };
    const { outcome, key } = await addRecord(this.#in(place), record).catch(async (error: unknown) => {
      // Of other failures it is unknown whether the record is there, and then it needs its bytes.
      if (error instanceof StoreFullError) await this.#clear(piece.unclaimed);
      throw error;
    });
    if (outcome === 'over') await this.#clear([...piece.unclaimed, key]);
    if (outcome === 'over') throw unknownUpload();
    if (outcome === 'taken') await this.#clear(piece.unclaimed);
    if (outcome !== 'newest') throw outrun(offset);
    hash.remember(segments.at(-1)?.id ?? '', sizeBytes);
    const outdated = [...before.outdated, ...piece.outdated];
    const isTime = piece.merged.length > 0 || outdated.length >= this.#outdatedMax;
    const isCleared = isTime && (await this.#hasCleared([...outdated, ...piece.merged]));
    // The record before becomes outdated only now: a request that still reads it would find nothing.
    const left = before.record === undefined ? [] : [before.record];
    return {
      sizeBytes,
      segments,
      hash: known,
      record: key,
      outdated: isCleared ? left : [...outdated, ...(isTime ? piece.merged : []), ...left],
    };
  }

  #in(place: UploadPlace): StoredUpload {
    return { objects: this.#objects, ...place };
  }

  /** Best effort: the record is there, so the request has done what it was to do. What stays goes with the upload. */
  async #hasCleared(keys: readonly string[]): Promise<boolean> {
    return this.#clear(keys).then(
      () => true,
      () => false,
    );
  }

  /** Without waiting for the disk: what comes back after a power cut goes with the upload. */
  async #clear(keys: readonly string[]): Promise<void> {
    await this.#objects.delete(keys, undefined, NOT_DURABLE);
  }
}

/** After a power cut, a lost upload is begun again by its client, and one that comes back is deleted by the purger. */
const NOT_DURABLE = { durable: false };

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

function outrun(offset: number, cause?: unknown): RegistryError {
  return new RegistryError(
    'RANGE_INVALID',
    'another request added to this upload at the same time: GET the upload to ask where to continue',
    { offset },
    cause,
  );
}

function clientGone(keptBytes: number, cause: unknown): RegistryError {
  return new RegistryError('CLIENT_GONE', 'the request broke off before its end', { keptBytes }, cause);
}
