import { createHash, type Hash } from 'node:crypto';
import { createSHA256, type IHasher } from 'hash-wasm';
import { LRUCache } from 'lru-cache';
import type { Sha256Digest } from '../oci/digest.ts';
import type { KnownHash, UploadState } from './upload-records.ts';

/** Hashes that are kept in memory for the next request of the same upload; each is a few hundred bytes. */
const REMEMBERED_MAX = 2000;

/** Gathers the bytes of one request, piece by piece, into the hash of the whole upload. */
export interface PieceHash {
  update(chunk: Uint8Array): void;
  /** The hash up to the end of a piece; more may follow. */
  end(): KnownHash;
  /**
   * Keeps the hash for the next piece at this node. To be called once the piece's record is the newest: before that,
   * other bytes may replace these. `sizeBytes` is the whole upload's.
   */
  remember(lastSegmentId: string, sizeBytes: number): void;
}

/**
 * The SHA-256 of uploads that come in pieces, each perhaps at another node. Node's own hasher is several times as fast
 * as WebAssembly, but cannot export its state. So an upload that probably has a single piece is hashed by Node's, whose
 * state stays in this process; one with a Content-Range is hashed in WebAssembly, and its state goes into the record. A
 * hash that cannot be continued either way is unknown: then closing the upload reads it once.
 */
export class UploadHashes {
  readonly #remembered = new LRUCache<string, Hash>({ maxSize: REMEMBERED_MAX, sizeCalculation: () => 1 });

  /** The hash of an upload so far, to be continued; `isChunked` when the request has a Content-Range. */
  async goOn({ sizeBytes, segments, hash }: UploadState, isChunked: boolean): Promise<PieceHash> {
    if (sizeBytes === 0) return isChunked ? serial(await wasm()) : this.#native(createHash('sha256'));
    if (hash.state !== undefined) return serialFrom(hash.state);
    const last = segments.at(-1);
    const remembered = last && this.#remembered.get(keyOf(last.id, sizeBytes));
    return remembered ? this.#native(remembered.copy()) : UNKNOWN;
  }

  #native(hasher: Hash): PieceHash {
    let last: string | undefined;
    return {
      update: (chunk) => void hasher.update(chunk),
      end: () => ({ digest: `sha256:${hasher.copy().digest('hex')}` as Sha256Digest }),
      remember: (lastSegmentId, sizeBytes) => {
        // One for each request, however many pieces it brings.
        if (last !== undefined) this.#remembered.delete(last);
        last = keyOf(lastSegmentId, sizeBytes);
        this.#remembered.set(last, hasher.copy());
      },
    };
  }
}

const UNKNOWN: PieceHash = { update: () => undefined, end: () => ({}), remember: () => undefined };

/** A segment's id is random, and its bytes up to a recorded size never change: so this names bytes. */
function keyOf(segmentId: string, sizeBytes: number): string {
  return `${segmentId} ${sizeBytes}`;
}

let loading: Promise<IHasher> | undefined;

/** One for the process: its memory is some 64 KiB of pages and a large reservation of addresses. */
function wasm(): Promise<IHasher> {
  loading ??= createSHA256();
  return loading;
}

/** A hash whose state is in a record; another version of the library refuses the state. */
async function serialFrom(state: string): Promise<PieceHash> {
  const hasher = await wasm();
  const bytes = new Uint8Array(Buffer.from(state, 'base64'));
  try {
    hasher.load(bytes);
  } catch {
    return UNKNOWN;
  }
  return serial(hasher, bytes);
}

/** Uses the shared hasher for one chunk at a time. */
function serial(hasher: IHasher, start: Uint8Array = hasher.init().save()): PieceHash {
  let state = start;
  return {
    update: (chunk) => {
      state = hasher.load(state).update(chunk).save();
    },
    end: () => ({
      state: Buffer.from(state).toString('base64'),
      digest: `sha256:${hasher.load(state).digest('hex')}` as Sha256Digest,
    }),
    // The record has the state.
    remember: () => undefined,
  };
}
