import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReloadedKey } from '../../config/reloading.ts';

interface Kept {
  readonly part: object;
  /** Generations that use it. */
  users: number;
}

/** How often a generation without new requests looks whether its last ones have ended. */
const LOOK_MS = 250;

/**
 * What one version of the configuration is served with. Parts that read none of the keys that have changed are those of the
 * generation before, with all that they remember. A part is disposed with the last generation that uses it, and a
 * generation when its last request has ended.
 */
export class Generation implements AsyncDisposable {
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Set<IncomingMessage>();
  #before: Generation | undefined;
  readonly #isChanged: (keys: readonly ReloadedKey[]) => boolean;

  constructor(before?: Generation, isChanged: (keys: readonly ReloadedKey[]) => boolean = () => true) {
    this.#before = before;
    this.#isChanged = isChanged;
  }

  /** The part of this name: that of the generation before, if it has one and no key that it reads has changed. */
  async use<T extends object>(
    name: string,
    reads: readonly ReloadedKey[],
    open: () => Promise<T> | T,
  ): Promise<T> {
    const before = this.#isChanged(reads) ? undefined : this.#before?.part(name);
    const kept = before ?? { part: await open(), users: 0 };
    kept.users++;
    this.#kept.set(name, kept);
    return kept.part as T;
  }

  /** A part, and how many use it. */
  part(name: string): Kept | undefined {
    return this.#kept.get(name);
  }

  /** To be called when nothing more is opened: the generation before need not be remembered. */
  complete(): void {
    this.#before = undefined;
  }

  /** The names of its parts, for the log. */
  get names(): readonly string[] {
    return [...this.#kept.keys()];
  }

  /** A handler whose requests keep this generation alive. */
  counting(handler: RequestListener): RequestListener {
    return (request, response) => {
      this.#underWay.add(request);
      // Koa's handlers are promises: a request ends when its handler has, and its answer is sent or nobody waits for it.
      const handled: unknown = handler(request, response);
      void Promise.allSettled([handled, closed(response)]).then(() => this.#underWay.delete(request));
    };
  }

  /** Waits until its requests have ended, then disposes it. To be called when it gets no more requests. */
  async retire(signal: AbortSignal): Promise<void> {
    while (this.#underWay.size > 0 && !signal.aborted) {
      // A pipelined answer that was still queued when the connection closed emits no `close`.
      for (const request of this.#underWay) if (request.socket.destroyed) this.#underWay.delete(request);
      await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#before = undefined;
    for (const [name, kept] of [...this.#kept].toReversed()) {
      if (--kept.users === 0) await dispose(kept.part);
      this.#kept.delete(name);
    }
  }
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()));
}

async function dispose(part: Partial<AsyncDisposable & Disposable>): Promise<void> {
  if (part[Symbol.asyncDispose]) await part[Symbol.asyncDispose]?.();
  else part[Symbol.dispose]?.();
}
