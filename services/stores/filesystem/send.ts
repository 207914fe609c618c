import type { Writable } from 'node:stream';
import type { ByteRange } from '../../registry/storage/object-store.ts';
import { ClosedError } from '../send-chunks.ts';
import type { FileHandle } from './fs.ts';

/** Measured over sizes from 64 KiB to 1 MiB: larger ones add memory for each download, and no speed. */
const BUFFER_BYTES = 256 * 1024;

/**
 * Writes a range of a file to a stream through two alternating buffers, each reused when its last write is done. A read
 * stream makes a new buffer for each read, and collecting those is more than half of the cost of a download on a busy
 * node. Rejects if the stream closes before its end; the file is closed in any case.
 */
export async function sendFile(handle: FileHandle, range: ByteRange, sink: Writable): Promise<void> {
  const { promise: closed, reject } = Promise.withResolvers<never>();
  // Most downloads succeed, and then nobody needs the error.
  closed.catch(() => undefined);
  const onClose = () => reject(sink.errored ?? new ClosedError());
  sink.once('close', onClose);
  const lengthBytes = range.last - range.first + 1;
  const bufferBytes = Math.min(BUFFER_BYTES, lengthBytes);
  const first = new Lane(sink, bufferBytes);
  // One request may ask for a thousand small ranges: each of them needs one small buffer.
  const lanes = [first, lengthBytes > bufferBytes ? new Lane(sink, bufferBytes) : first] as const;
  try {
    let position = range.first;
    for (let turn = 0; position <= range.last; turn++) {
      const lane = lanes[turn % 2 === 0 ? 0 : 1];
      await Promise.race([lane.written, closed]);
      const wantedBytes = Math.min(BUFFER_BYTES, range.last - position + 1);
      const { bytesRead } = await handle.read(lane.buffer, 0, wantedBytes, position);
      if (bytesRead === 0) throw new Error('the file is shorter than it was');
      lane.write(bytesRead);
      position += bytesRead;
    }
    await Promise.race([Promise.all([lanes[0].written, lanes[1].written]), closed]);
  } finally {
    sink.off('close', onClose);
    await handle.close();
  }
}

/** A buffer and the write that still needs it. */
class Lane {
  readonly buffer: Buffer;
  written: Promise<void> = Promise.resolve();
  readonly #sink: Writable;

  constructor(sink: Writable, bufferBytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bufferBytes);
    this.#sink = sink;
  }

  write(sizeBytes: number): void {
    this.written = new Promise((resolve, reject) => {
      this.#sink.write(this.buffer.subarray(0, sizeBytes), (error) => (error ? reject(error) : resolve()));
    });
    this.written.catch(() => undefined);
  }
}
