import { Readable } from 'node:stream';

/** The largest is a list of a thousand keys of a kilobyte each, in XML that escapes every character. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;

/** Reads an answer that is not an object's content: the SDK's own function has no limit. */
export async function collect(answer: unknown): Promise<Uint8Array> {
  if (!(answer instanceof Readable)) throw new Error('S3 answered without a body');
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > ANSWER_MAX_BYTES)
      throw new Error(`S3 answered with more than ${ANSWER_MAX_BYTES / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
