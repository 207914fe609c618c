import { type Algorithm, digestBy } from '../support/digest.ts';
import { ask, expectBytes, pathOf, RefusedError } from './client.ts';
import type { BindingStep, Step, World } from './scenario.ts';

export interface Uploading {
  readonly repository: string;
  readonly bytes: Buffer;
  /** How many PATCHes bring it; with 0 the closing PUT does. */
  readonly pieces?: number;
  readonly algorithm?: Algorithm;
  /** True when the upload is there already, and `memory` knows where. */
  readonly isBegun?: boolean;
}

/** What Distribution writes when an upload begins, an hour ago: `check` judges an upload's age by the real clock. */
export function startOfUpload(): string {
  return `${new Date(Date.now() - 3_600_000).toISOString().slice(0, 19)}Z`;
}

/**
 * A client that pushes a blob, and tries again as clients do: it asks how far the upload is and goes on from there;
 * where there is no such upload any more it asks for the blob, and begins anew when there is none.
 */
export class Upload {
  readonly #options: Uploading;
  readonly digest: string;

  constructor(options: Uploading) {
    this.#options = options;
    this.digest = digestBy(options.algorithm ?? 'sha256', options.bytes);
  }

  /** Its requests, one after the other. */
  get steps(): (Step | BindingStep)[] {
    const { pieces = 1, isBegun } = this.#options;
    const begin: Step = { does: 'begin an upload', act: (world) => this.begin(world) };
    const patches = Array.from({ length: pieces }, (_, i): BindingStep => {
      const end = this.#end(i);
      return {
        does: `send piece ${i + 1} of ${pieces}`,
        act: (world) => this.#sendUpTo(world, i === 0 && !isBegun ? 0 : this.#end(i - 1), end),
        retry: (world) => this.#resume(world, end),
        holds: (world) => this.#expectKept(world, end),
        canGoOn: (world) => this.#finish(world),
      };
    });
    const close: Step = {
      does: 'close the upload',
      act: (world) => this.#close(world),
      retry: (world) => this.#closeAgain(world),
      holds: (world) =>
        expectBytes(world, `/v2/${this.#options.repository}/blobs/${this.digest}`, this.#options.bytes),
    };
    return [...(isBegun ? [] : [begin]), ...patches, close];
  }

  /** All of it at once. */
  async push(world: World): Promise<void> {
    for (const { act } of this.steps) await act(world);
  }

  async begin(world: World): Promise<void> {
    const answer = await ask(world, 'POST', `/v2/${this.#options.repository}/blobs/uploads/`, [202]);
    world.memory.set(this.#key, pathOf(answer));
  }

  get #key(): string {
    return `upload of ${this.digest}`;
  }

  #location({ memory }: World): string {
    return memory.get(this.#key) ?? memory.get('upload') ?? '';
  }

  #end(piece: number): number {
    const { bytes, pieces = 1, isBegun } = this.#options;
    // What was begun elsewhere has the first of the pieces already.
    const [first, of] = isBegun ? [piece + 2, pieces + 1] : [piece + 1, pieces];
    return Math.floor((bytes.length * first) / of);
  }

  async #sendUpTo(world: World, from: number, to: number): Promise<void> {
    const body = this.#options.bytes.subarray(from, to);
    const headers = { 'content-type': 'application/octet-stream', 'content-range': `${from}-${to - 1}` };
    const answer = await ask(world, 'PATCH', this.#location(world), [202], { body, headers });
    world.memory.set(this.#key, pathOf(answer));
  }

  /** How many bytes the registry has; undefined where it knows no such upload. */
  async #position(world: World): Promise<number | undefined> {
    const answer = await ask(world, 'GET', this.#location(world), [204, 404]);
    if (answer.status === 404) return undefined;
    const last = Number(/^0-(\d+)$/.exec(String(answer.headers['range']))?.[1]);
    return last === 0 ? 0 : last + 1;
  }

  async #resume(world: World, end: number): Promise<void> {
    let position = await this.#position(world);
    if (position === undefined) {
      await this.begin(world);
      position = 0;
    }
    if (position < end) await this.#sendUpTo(world, position, end);
  }

  async #close(world: World): Promise<void> {
    const { pieces = 1, bytes } = this.#options;
    const separator = this.#location(world).includes('?') ? '&' : '?';
    const target = `${this.#location(world)}${separator}digest=${this.digest}`;
    await ask(world, 'PUT', target, [201], pieces === 0 ? { body: bytes } : {});
  }

  async #closeAgain(world: World): Promise<void> {
    try {
      if (this.#options.pieces === 0 && (await this.#position(world)) !== 0) await this.#closeEmpty(world);
      else await this.#close(world);
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 404) throw error;
      if (await this.#isThere(world)) return;
      await this.begin(world);
      if (this.#options.pieces !== 0) await this.#sendUpTo(world, 0, this.#options.bytes.length);
      await this.#close(world);
    }
  }

  /** The body came through the first time. */
  async #closeEmpty(world: World): Promise<void> {
    const separator = this.#location(world).includes('?') ? '&' : '?';
    await ask(world, 'PUT', `${this.#location(world)}${separator}digest=${this.digest}`, [201]);
  }

  async #isThere(world: World): Promise<boolean> {
    const target = `/v2/${this.#options.repository}/blobs/${this.digest}`;
    return (await ask(world, 'HEAD', target, [200, 404])).status === 200;
  }

  async #finish(world: World): Promise<void> {
    if (await this.#isThere(world)) return;
    await this.#resume(world, this.#options.bytes.length);
    await this.#close(world);
    await expectBytes(world, `/v2/${this.#options.repository}/blobs/${this.digest}`, this.#options.bytes);
  }

  /** Acknowledged bytes are there until the blob is. */
  async #expectKept(world: World, end: number): Promise<void> {
    const position = await this.#position(world);
    if ((position ?? 0) >= end || (await this.#isThere(world))) return;
    throw new Error(`the upload has ${position ?? 'vanished, and not'} of ${end} acknowledged bytes`);
  }
}
