import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sha256Digest } from '../../registry/oci/digest.ts';
import type { ByteRange } from '../../registry/storage/object-store.ts';
import type { WantedBlob } from '../targets/target.ts';

/** Opens a blob in the store, or a range of it; undefined if it does not exist. */
export type OpenBlob = (
  digest: Sha256Digest,
  signal: AbortSignal,
  range?: ByteRange,
) => Promise<{ readonly body: Readable } | undefined>;

/** How long a store may fail before a read of it does. */
const PATIENCE_MS = 60_000;
/** Pause between two tries, doubled up to the limit. */
const PAUSE_MS = { first: 100, most: 2000 } as const;

/** Keeps count of the failures of one read. */
class Stumbles {
  readonly #patienceMs: number;
  #since: number | undefined;
  #pauseMs: number = PAUSE_MS.first;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** The store has answered with bytes. */
  over(): void {
    this.#since = undefined;
    this.#pauseMs = PAUSE_MS.first;
  }

  /** Waits before the next try; throws the failure if the store has failed for too long, or the signal aborts. */
  async wait(failure: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#since ??= performance.now();
    if (performance.now() - this.#since > this.#patienceMs) throw failure;
    await sleep(this.#pauseMs, undefined, { signal });
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS.most);
  }
}

/**
 * The bytes of a blob in the store; undefined if it does not exist. A store that stumbles is asked again for the rest, for up
 * to `patienceMs` without a byte: an upload that waits for it need not begin again. Throws when the store fails for longer.
 */
export async function storeBytes(
  open: OpenBlob,
  blob: WantedBlob,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<AsyncGenerator<Buffer> | undefined> {
  const stumbles = new Stumbles(patienceMs);
  const body = await openAt(open, blob, 0, stumbles, signal);
  return body && resumed(body, open, blob, stumbles, signal);
}

async function* resumed(
  first: Readable,
  open: OpenBlob,
  blob: WantedBlob,
  stumbles: Stumbles,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let [body, readBytes]: [Readable, number] = [first, 0];
  for (;;) {
    let failure: unknown;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        readBytes += chunk.length;
        stumbles.over();
        yield chunk;
      }
      failure = new Error(`the store sent ${readBytes} of ${blob.sizeBytes} bytes of ${blob.digest}`);
    } catch (error) {
      failure = error;
    } finally {
      body.destroy();
    }
    if (readBytes === blob.sizeBytes) return;
    if (readBytes > blob.sizeBytes) throw failure;
    await stumbles.wait(failure, signal);
    const next = await openAt(open, blob, readBytes, stumbles, signal);
    if (next === undefined) throw new Error(`${blob.digest} was deleted from the store while it was read`);
    body = next;
  }
}

async function openAt(
  open: OpenBlob,
  { digest, sizeBytes }: WantedBlob,
  firstByte: number,
  stumbles: Stumbles,
  signal: AbortSignal,
): Promise<Readable | undefined> {
  for (;;) {
    try {
      const range = firstByte > 0 ? { first: firstByte, last: sizeBytes - 1 } : undefined;
      const read = await open(digest, signal, range);
      // Not every store's streams end with the signal.
      return read && addAbortSignal(signal, read.body);
    } catch (error) {
      await stumbles.wait(error, signal);
    }
  }
}

/** Calls `act` with a function that reads a blob from the store, each time it is called; undefined if it does not exist. */
export async function readDirectly<T>(
  { open, patienceMs }: { readonly open: OpenBlob; readonly patienceMs?: number | undefined },
  blob: WantedBlob,
  signal: AbortSignal,
  act: (body: () => AsyncIterable<Buffer>) => Promise<T>,
): Promise<T | undefined> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  async function* again(): AsyncGenerator<Buffer> {
    const body = await storeBytes(open, blob, both, patienceMs);
    if (body === undefined) throw new Error(`${blob.digest} was deleted from the store while it was read`);
    yield* body;
  }
  try {
    let next: AsyncIterable<Buffer> | undefined = await storeBytes(open, blob, both, patienceMs);
    if (next === undefined) return undefined;
    return await act(() => {
      const body = next ?? again();
      next = undefined;
      return body;
    });
  } finally {
    // What still reads, reads for nobody.
    over.abort(new Error('the read is over'));
  }
}
