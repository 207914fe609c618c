import type { Writable } from 'node:stream';
import type { Reading } from './reading.ts';

/** The peer closed the stream. */
export class ClosedError extends Error {
  readonly code = 'ERR_STREAM_PREMATURE_CLOSE';

  constructor() {
    super('the stream closed before its end');
  }
}

/**
 * Writes chunks to a stream as fast as it takes them, and leaves it open. Rejects if it closes before it is done with the
 * last one; then the chunks are abandoned.
 */
export async function sendChunks({ chunks, abandon }: Reading, sink: Writable): Promise<void> {
  const { promise: closed, reject } = Promise.withResolvers<never>();
  // Most downloads succeed, and then nobody needs the error.
  closed.catch(() => undefined);
  const onClose = () => {
    reject(sink.errored ?? new ClosedError());
    abandon();
  };
  if (sink.destroyed) onClose();
  else sink.once('close', onClose);
  try {
    let written: Promise<void> = Promise.resolve();
    for await (const chunk of chunks) {
      let isTaking = true;
      written = new Promise((resolve, fail) => {
        isTaking = sink.write(chunk, (error) => (error ? fail(error) : resolve()));
      });
      written.catch(() => undefined);
      if (!isTaking) await Promise.race([written, closed]);
    }
    await Promise.race([written, closed]);
  } catch (error) {
    // The chunks end with an error because they were abandoned.
    if (sink.destroyed) await closed;
    throw error;
  } finally {
    sink.off('close', onClose);
  }
}
