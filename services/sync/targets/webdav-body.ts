import type { Deadline } from '../../mirrors/deadline.ts';

/** A mirror has to take this much at a time. */
const PIECE_BYTES = 64 * 1024;

/** The bytes to send could not be read: the mirror is not to blame. The cause is what was thrown. */
export class SourceError extends Error {
  override name = 'SourceError';
}

export interface UploadLimits {
  /** How long a mirror may take no byte. */
  readonly patienceMs: number;
  /** How long it may take to answer after the last byte. */
  readonly answerMs: number;
}

/**
 * The pieces of an upload, under a deadline by progress: the mirror must ask for the next one in time. Nothing is expected of
 * it while the store is read.
 */
export async function* watchedBody(
  body: AsyncIterable<Buffer>,
  deadline: Deadline,
  { patienceMs, answerMs }: UploadLimits,
): AsyncGenerator<Buffer> {
  const late = `PUT: the mirror took no byte for ${patienceMs / 1000} s`;
  deadline.pause();
  for await (const chunk of sourceOf(body))
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      deadline.expect(patienceMs, late);
      yield chunk.subarray(at, at + PIECE_BYTES);
      deadline.pause();
    }
  deadline.expect(answerMs, `PUT: no answer within ${answerMs / 1000} s after the last byte`);
}

async function* sourceOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw new SourceError('the bytes to send cannot be read', { cause: error });
  }
}
