import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { digestOfStream, hexOf } from '../../registry/digest.ts';
import { blobDataKey } from '../../registry/layout.ts';
import type { MirrorTarget, WantedBlob } from './target.ts';

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A mirror whose document root is a directory of this machine (or mounted on it). */
export class DirectoryTarget implements MirrorTarget {
  readonly #root: string;

  constructor(directory: string) {
    this.#root = resolve(directory);
  }

  async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const path = join(this.#root, blobDataKey(blob.digest));
    // Beside the blobs, for the rename to be one; the mirror's web server does not serve what begins with a dot.
    const temporary = join(this.#root, '.incoming', hexOf(blob.digest));
    await Promise.all(
      [dirname(path), dirname(temporary)].map((folder) => mkdir(folder, { recursive: true })),
    );
    try {
      // The same name for each attempt: what a killed worker left behind is replaced, not added to.
      const handle = await open(temporary, 'w', 0o644);
      try {
        for await (const chunk of body) {
          signal.throwIfAborted();
          await handle.writeFile(chunk);
        }
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
      // The watermark that vouches for it is durable, so it has to be.
      for (let folder = dirname(path); folder.length >= this.#root.length; folder = dirname(folder))
        await syncDirectory(folder);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async verify(blob: WantedBlob, signal: AbortSignal): Promise<'good' | 'bad' | 'absent'> {
    const path = join(this.#root, blobDataKey(blob.digest));
    const stats = await stat(path).catch(() => undefined);
    if (stats === undefined) return 'absent';
    if (stats.size !== blob.sizeBytes) return 'bad';
    const { digest } = await digestOfStream(createReadStream(path, { signal, highWaterMark: 256 * 1024 }));
    return digest === blob.digest ? 'good' : 'bad';
  }

  async has(blob: WantedBlob): Promise<boolean> {
    const stats = await stat(join(this.#root, blobDataKey(blob.digest))).catch(() => undefined);
    return stats?.size === blob.sizeBytes;
  }
}
