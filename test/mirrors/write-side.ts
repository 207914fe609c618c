import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults, Gate } from './faults.ts';

/** What of WebDAV a mirror knows: PUT, MOVE and DELETE of files below a directory. */
export class WriteSide {
  readonly #root: string;
  readonly #faults: Faults;
  readonly #gate: Gate;
  /** Sizes of the files that were put here, by path. */
  readonly #sizes = new Map<string, number>();

  constructor(root: string, faults: Faults, gate: Gate) {
    this.#root = root;
    this.#faults = faults;
    this.#gate = gate;
  }

  /** Does what is asked for, and returns the status of the answer; calls `onBytes` for what is read. */
  async answer(
    request: IncomingMessage,
    path: string,
    onBytes: (sizeBytes: number) => void,
  ): Promise<number> {
    if (request.method === 'PUT') return this.#put(request, path, onBytes);
    request.resume();
    if (request.method === 'MOVE') return this.#move(path, String(request.headers['destination'] ?? ''));
    if (request.method !== 'DELETE') return 405;
    this.#sizes.delete(path);
    const isThere = await stat(join(this.#root, path)).then(Boolean, () => false);
    await rm(join(this.#root, path), { recursive: true, force: true });
    return isThere ? 204 : 404;
  }

  async #put(request: IncomingMessage, path: string, onBytes: (sizeBytes: number) => void): Promise<number> {
    const { putMaxBytes, diskBytes, late } = this.#faults;
    if (putMaxBytes !== undefined && Number(request.headers['content-length']) > putMaxBytes) {
      // Read on after the answer, as nginx does: a client that is still sending would not see it otherwise.
      request.on('data', (chunk: Buffer) => onBytes(chunk.length));
      return 413;
    }
    const file = join(this.#root, path);
    await mkdir(dirname(file), { recursive: true });
    const free = (diskBytes ?? Number.POSITIVE_INFINITY) - this.#usedBytes(path);
    const output = await open(file, 'w');
    let sizeBytes = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        await this.#gate.carry(chunk.length);
        onBytes(chunk.length);
        sizeBytes += chunk.length;
        if (sizeBytes <= free) await output.write(chunk);
      }
    } finally {
      await output.close();
      if (sizeBytes > free || !request.complete) await rm(file, { force: true });
    }
    if (sizeBytes > free) return 507;
    this.#sizes.set(path, sizeBytes);
    if (late && sizeBytes >= late.fromBytes) await sleep(late.ms, undefined, { ref: false });
    return 201;
  }

  async #move(path: string, destination: string): Promise<number> {
    const to = new URL(destination, 'http://mirror').pathname;
    await mkdir(dirname(join(this.#root, to)), { recursive: true });
    const isMoved = await rename(join(this.#root, path), join(this.#root, to)).then(
      () => true,
      () => false,
    );
    if (!isMoved) return 404;
    this.#sizes.set(to, this.#sizes.get(path) ?? 0);
    this.#sizes.delete(path);
    return 201;
  }

  #usedBytes(except: string): number {
    let sum = 0;
    for (const [path, sizeBytes] of this.#sizes) if (path !== except) sum += sizeBytes;
    return sum;
  }
}
