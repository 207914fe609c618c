import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../faults/random.ts';

/** What is wrong with a mirror. Change any of it at any time; all is well with what is left out. */
export interface Faults {
  /** Requests per second from one address, at both ports together. More get the status, and 429 a `Retry-After` of 1 s. */
  limit?: { readonly perSecond: number; readonly status: 429 | 503 };
  /** HEAD is answered with 405. */
  noHead?: boolean;
  /** Uploads of at least `fromBytes` are answered this long after their last byte, as by a server that copies them. */
  late?: { readonly ms: number; readonly fromBytes: number };
  /** Larger uploads are answered with 413. */
  putMaxBytes?: number;
  /** Uploads beyond the size of its disk are answered with 507 when they have been read. */
  diskBytes?: number;
  /** No request is ever answered. */
  hangs?: boolean;
  /** Uploads are accepted, and never read. */
  readsNothing?: boolean;
  /** Speed of all uploads and downloads together. */
  bytesPerSecond?: number;
  /** At the public port: the share of requests that is answered with 503, from 0 to 1. */
  share503?: number;
  /** At the public port: bytes of the right number, all zero. */
  wrongBytes?: boolean;
  /** At the public port: every request is answered with 200 and a page, as by a new web server. */
  html?: boolean;
  /** At the public port: blobs (hex) that are answered with 404 though they were written. */
  lacks?: (hex: string) => boolean;
}

/** A page that is no blob. */
export const PAGE = '<!doctype html><title>Welcome</title><h1>It works!</h1>\n';

/** What the faults of a mirror do to requests before anything else looks at them. */
export class Gate {
  readonly #faults: Faults;
  readonly #random = new Random(1);
  /** Times in ms of the requests of the last second, by address. */
  readonly #recent = new Map<string, number[]>();
  #lineIsFreeAtMs = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** The status and headers of an answer that comes instead of what was asked for. */
  refusal(
    request: IncomingMessage,
    isPublic: boolean,
  ): { status: number; headers: Record<string, string> } | undefined {
    const { limit, noHead, share503 = 0 } = this.#faults;
    if (limit && this.#countOf(request.socket.remoteAddress ?? '') > limit.perSecond)
      return { status: limit.status, headers: limit.status === 429 ? { 'retry-after': '1' } : {} };
    if (isPublic && this.#random.chance(share503)) return { status: 503, headers: {} };
    if (noHead && request.method === 'HEAD') return { status: 405, headers: { allow: 'GET' } };
    return undefined;
  }

  /** Waits until the mirror's line has carried so many bytes more. */
  async carry(sizeBytes: number): Promise<void> {
    const { bytesPerSecond } = this.#faults;
    if (bytesPerSecond === undefined) return;
    const now = performance.now();
    this.#lineIsFreeAtMs = Math.max(now, this.#lineIsFreeAtMs) + (sizeBytes / bytesPerSecond) * 1000;
    await sleep(this.#lineIsFreeAtMs - now, undefined, { ref: false });
  }

  #countOf(address: string): number {
    const now = performance.now();
    const recent = (this.#recent.get(address) ?? []).filter((at) => now - at < 1000);
    this.#recent.set(address, [...recent, now]);
    return recent.length + 1;
  }
}
