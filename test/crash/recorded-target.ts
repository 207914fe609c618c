import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hexOf } from '../../services/registry/oci/digest.ts';
import { DirectoryTarget } from '../../services/sync/targets/directory.ts';
import type { Request } from '../../services/sync/targets/directory-messages.ts';
import { directoryWork } from '../../services/sync/targets/directory-work.ts';
import type { MirrorTarget, WantedBlob } from '../../services/sync/targets/target.ts';
import { type Life, never } from './life.ts';

/**
 * A mirror as one process writes to it. Who dies before a write leaves half of it behind: the first half of the body was
 * sent by then.
 */
export class RecordedTarget implements MirrorTarget {
  readonly #directory: string;
  readonly #inner: DirectoryTarget;
  readonly #life: Life;

  constructor(directory: string, life: Life) {
    this.#directory = directory;
    // In this process: a life makes many, and none of them hangs.
    const work = directoryWork(directory);
    const worker = {
      ask: (request: Request) => work(request, () => undefined),
      async [Symbol.asyncDispose]() {},
    };
    this.#inner = new DirectoryTarget(directory, { worker });
    this.#life = life;
  }

  async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    if (this.#life.isOver) return never();
    const half = Promise.withResolvers<void>();
    const rest = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => undefined);
    const whole = this.#inner.write(blob, inHalves(body, half.resolve, rest.promise, broken.promise), signal);
    whole.catch(() => undefined);
    // Before anything is waited for: it may die at another write meanwhile.
    this.#life.atDeath(() => this.#leave(blob, () => broken.reject(new Error('the process died')), whole));
    await Promise.race([half.promise, whole]);
    await this.#life.write("write a mirror's blob", () => {
      rest.resolve();
      return whole;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async sweep(olderThanMs: number, signal: AbortSignal): Promise<void> {
    await this.#life.act(() => this.#inner.sweep(olderThanMs, signal));
  }

  /** The code that writes would clear away; the dead do not, so it is put back. */
  async #leave(blob: WantedBlob, breakOff: () => void, whole: Promise<void>): Promise<void> {
    const incoming = join(this.#directory, '.incoming');
    const names = await readdir(incoming).catch(() => []);
    const path = join(incoming, names.find((name) => name.startsWith(hexOf(blob.digest))) ?? 'none');
    const left = await readFile(path).catch(() => undefined);
    breakOff();
    await whole.catch(() => undefined);
    if (left === undefined) return;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, left);
  }
}

/**
 * The first half of a body, and the rest when it may go on. It rejects when `broken` does, also while it waits for a store
 * that answers no more: what reads it has a file open.
 */
async function* inHalves(
  body: AsyncIterable<Buffer>,
  isHalfWay: () => void,
  mayGoOn: Promise<void>,
  broken: Promise<never>,
): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value: chunk } = await Promise.race([chunks.next(), broken]);
    if (done) break;
    const half = Math.ceil(chunk.length / 2);
    yield chunk.subarray(0, half);
    isHalfWay();
    await Promise.race([mayGoOn, broken]);
    yield chunk.subarray(half);
  }
  isHalfWay();
}
