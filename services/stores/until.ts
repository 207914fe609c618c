import { untilAborted } from '../registry/runtime/waiting.ts';

/** A body that fails with the signal's reason as soon as it aborts, even while it waits for a chunk. */
export async function* until(
  signal: AbortSignal,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await untilAborted(chunks.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: a stalled body may never answer.
    chunks.return?.().catch(() => undefined);
  }
}
