import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { isAbsent, isTaken, translate } from './errors.ts';
import { type FileHandle, mkdir, open, rm, stat } from './fs.ts';
import { WRITE_BYTES, writeStream, writeWhole } from './write-body.ts';

export interface WriteOptions {
  /** Sync the bytes before the file gets its name. */
  readonly durable: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A completely written file that does not have its final name yet. */
export class TemporaryFile {
  #path: string;
  #inode: bigint;
  readonly #durable: boolean;

  private constructor(path: string, inode: bigint, durable: boolean) {
    this.#path = path;
    this.#inode = inode;
    this.#durable = durable;
  }

  /** Writes a body to a new file in a directory, which is made if necessary. On any failure the file is removed. */
  static async write(
    directory: string,
    body: Buffer | AsyncIterable<Buffer>,
    { durable, signal }: WriteOptions,
  ): Promise<TemporaryFile> {
    const { path, handle } = await create(directory);
    try {
      if (Buffer.isBuffer(body)) await writeWhole(handle, [body], 0);
      else await writeStream(handle, body, { position: 0, signal });
      if (durable) await handle.datasync();
      const inode = await handle.inode();
      await handle.close();
      return new TemporaryFile(path, inode, durable);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(path, { force: true });
      throw translate(error);
    }
  }

  get path(): string {
    return this.#path;
  }

  /** Whether a path is a name of this very file. */
  async isAt(path: string): Promise<boolean> {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    return found?.ino === this.#inode;
  }

  /** Moves the file to another directory by copying it: the way to another mount. */
  async copyTo(directory: string): Promise<void> {
    const source = await open(this.#path, 'r');
    const { size } = await source.stat();
    const body = source.stream(0, size - 1, WRITE_BYTES);
    const copy = await TemporaryFile.write(directory, body, { durable: this.#durable });
    await this.remove();
    this.#path = copy.#path;
    this.#inode = copy.#inode;
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

async function create(directory: string): Promise<{ path: string; handle: FileHandle }> {
  for (let attempt = 1; ; attempt++) {
    const path = join(directory, randomUUID());
    try {
      return { path, handle: await open(path, 'wx', 0o666) };
    } catch (error) {
      // EEXIST can only be our own request that a network file system sent twice.
      if (attempt === 3 || !(isAbsent(error) || isTaken(error))) throw translate(error);
      if (isAbsent(error)) await mkdir(dirname(path), { recursive: true });
    }
  }
}
