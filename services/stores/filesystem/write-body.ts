import { until } from '../until.ts';
import type { FileHandle } from './fs.ts';

/** Larger writes mean fewer trips to the thread pool; two of them bound an upload's memory. */
export const WRITE_BYTES = 1024 * 1024;

/** Writes a body from a position on: gathers chunks, and reads the next ones from the client while the disk writes. */
export async function writeStream(
  handle: FileHandle,
  body: AsyncIterable<Buffer>,
  { position, signal }: { readonly position: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  let writtenTo = position;
  let chunks: Buffer[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of signal ? until(signal, body) : body) {
      chunks.push(chunk);
      gatheredBytes += chunk.length;
      if (gatheredBytes < WRITE_BYTES) continue;
      await writing;
      writing = writeWhole(handle, chunks, writtenTo);
      // Awaited in the next round; until then a failure must not count as unhandled.
      writing.catch(() => undefined);
      writtenTo += gatheredBytes;
      chunks = [];
      gatheredBytes = 0;
    }
  } finally {
    await writing;
  }
  if (gatheredBytes > 0) await writeWhole(handle, chunks, writtenTo);
}

/** Writes chunks at a position, all of them. */
export async function writeWhole(handle: FileHandle, chunks: Buffer[], position: number): Promise<void> {
  const wantedBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  let { bytesWritten } = await handle.writev(chunks, position);
  if (bytesWritten === wantedBytes) return;
  // A short write is how a full disk first shows; writing the rest brings the error's name.
  const whole = Buffer.concat(chunks);
  while (bytesWritten < wantedBytes) {
    const rest = await handle.write(whole, bytesWritten, wantedBytes - bytesWritten, position + bytesWritten);
    bytesWritten += rest.bytesWritten;
  }
}
