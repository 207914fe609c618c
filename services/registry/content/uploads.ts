import { createHash } from 'node:crypto';
import { type Digest, hashing } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import { blobDataKey, uploadBytesKey, uploadPrefix, uploadStartedAtKey } from '../layout.ts';
import { newUploadId, type RepositoryName, type UploadId } from '../names.ts';
import { listAll, type ObjectStore } from '../object-store.ts';
import type { BlobStat, Blobs } from './blobs.ts';
import { claimPart, partKeys, readParts, type UploadPart } from './upload-parts.ts';

/** A request's body and what its headers promised of it. */
export interface UploadBody {
  readonly stream: AsyncIterable<Buffer>;
  /** From Content-Length; undefined for a chunked body. */
  readonly sizeBytes: number | undefined;
  /** From Content-Range; undefined means "go on where the upload ends". */
  readonly range: { readonly first: number; readonly last: number } | undefined;
}

/**
 * Uploads, stateless over nodes: POST on one, PATCH on a second, PUT on a third. Each request's bytes become an
 * immutable part, claimed by offset; the parts become the blob by composition. Bytes are hashed as they pass, so the
 * usual upload (POST, one PATCH, PUT) is never read a second time; only one of several parts is, once, at its end.
 */
export class Uploads {
  readonly #objects: ObjectStore;
  readonly #blobs: Blobs;

  constructor(objects: ObjectStore, blobs: Blobs) {
    this.#objects = objects;
    this.#blobs = blobs;
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
  async commit(name: RepositoryName, id: UploadId, digest: Digest, body: UploadBody): Promise<BlobStat> {
    const earlier = await this.#parts(name, id);
    const last = await this.#receive(name, id, totalBytes(earlier), body);
    const parts = last ? [...earlier, last] : earlier;
    try {
      return await this.#close(name, id, digest, parts);
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
  ): Promise<BlobStat> {
    const actual = await this.#digestOf(name, id, parts);
    if (actual !== digest) {
      await this.#forget(name, id, parts);
      throw new RegistryError(
        'DIGEST_INVALID',
        'the uploaded bytes have another digest than the one given: upload the blob again',
        { given: digest, actual, sizeBytes: totalBytes(parts) },
      );
    }
    await this.#publishBytes(name, id, digest, parts);
    await this.#blobs.link(name, digest);
    await this.#forget(name, id, parts);
    return { digest, sizeBytes: totalBytes(parts) };
  }

  /** Gives an upload up. */
  async cancel(name: RepositoryName, id: UploadId, signal?: AbortSignal): Promise<void> {
    await this.#forget(name, id, await this.#parts(name, id, signal));
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
  ): Promise<UploadPart | undefined> {
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

  async #digestOf(name: RepositoryName, id: UploadId, parts: readonly UploadPart[]): Promise<Digest> {
    const [only] = parts;
    if (only && parts.length === 1) {
      const stat = await this.#objects.stat(uploadBytesKey(name, id, only.partId));
      if (stat?.sizeBytes === only.sizeBytes) return only.digest;
    }
    const hash = createHash('sha256');
    for (const key of partKeys(name, id, parts)) {
      const read = await this.#objects.get(key);
      if (!read) throw new Error(`the upload's part ${key} has vanished`);
      for await (const chunk of read.body) hash.update(chunk);
    }
    return `sha256:${hash.digest('hex')}` as Digest;
  }

  async #publishBytes(name: RepositoryName, id: UploadId, digest: Digest, parts: readonly UploadPart[]) {
    const there = await this.#blobs.statData(digest);
    // Committing is idempotent: of two clients that finish the same blob, the second finds it done.
    if (there?.sizeBytes === totalBytes(parts)) return;
    await this.#objects.compose(partKeys(name, id, parts), blobDataKey(digest));
  }

  /** `startedat` goes first: without it the upload is unknown, whatever a crash leaves behind. */
  async #forget(name: RepositoryName, id: UploadId, parts: readonly UploadPart[]): Promise<void> {
    await this.#objects.delete([uploadStartedAtKey(name, id), ...partKeys(name, id, parts)]);
    const left: string[] = [];
    for await (const { key } of listAll(this.#objects, { prefix: uploadPrefix(name, id) })) left.push(key);
    await this.#objects.delete(left);
  }
}

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
