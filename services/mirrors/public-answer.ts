import type { Dispatcher } from 'undici';
import { retryAfterMs } from './retry-after.ts';

/** What a read over the URL that clients are sent to has found. Reasons are for people. */
export type PublicRead =
  | { readonly kind: 'good' }
  /** The mirror answers, but clients do not get this blob there. */
  | {
      readonly kind: 'lost';
      readonly reason: string;
      /** It says that it does not have it, which is honest; otherwise it gives something else. */
      readonly isAbsence?: boolean;
    }
  /** The mirror does not serve, or not now; this says nothing of the blob. */
  | {
      readonly kind: 'failing';
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** It did not answer in time, or made no progress: seen by this machine's clock. */
      readonly isLate?: boolean;
    };

const RANGE_NOT_SATISFIABLE = 416;
/** Statuses below 500 by which a server refuses the client, and not what it asks for. */
const OF_THE_CLIENT = new Set([401, 403, 407, 408, 425, 429]);

/** What a status means that brings no blob; undefined for one that may bring it. */
export function judgeStatus({ statusCode, headers }: Dispatcher.ResponseData): PublicRead | undefined {
  if (statusCode === 200 || statusCode === 206) return undefined;
  if (statusCode >= 500 || OF_THE_CLIENT.has(statusCode)) {
    const waitMs = retryAfterMs(headers['retry-after']);
    return {
      ...{ kind: 'failing', reason: `its URL answers ${statusCode}${FAILING_WORDS[statusCode] ?? ''}` },
      ...(waitMs !== undefined && { retryAfterMs: waitMs }),
    };
  }
  if (statusCode >= 300 && statusCode < 400)
    return { kind: 'lost', reason: `its URL redirects elsewhere (${statusCode})`, isAbsence: true };
  return {
    kind: 'lost',
    reason: `its URL answers ${statusCode}${LOST_WORDS[statusCode] ?? ''}`,
    isAbsence: statusCode !== RANGE_NOT_SATISFIABLE,
  };
}

/** Why the bytes of an answer cannot be the blob; undefined if its headers allow for that. */
export function judgeHeaders({ headers }: Dispatcher.ResponseData, sizeBytes: number): string | undefined {
  const encoding = String(headers['content-encoding'] ?? 'identity');
  if (encoding !== 'identity') return `its URL answers with compressed bytes (${encoding})`;
  const length = headers['content-length'];
  if (length === undefined || Number(length) === sizeBytes) return undefined;
  return otherSize(Number(length), sizeBytes, isPage(headers));
}

/** The reason for a wrong size. */
export function otherSize(foundBytes: number, sizeBytes: number, page = false): string {
  const what = page ? 'an HTML page of ' : '';
  return `its URL has ${what}${foundBytes} bytes instead of ${sizeBytes}`;
}

/** Whether an answer says that it is a page for people. */
export function isPage(headers: Dispatcher.ResponseData['headers']): boolean {
  return /^text\/html\b/i.test(String(headers['content-type'] ?? ''));
}

const FAILING_WORDS: Readonly<Record<number, string>> = {
  401: ': it wants a password',
  403: ': it refuses this client',
  429: ': too many requests',
  503: ': it is not available now',
};

const LOST_WORDS: Readonly<Record<number, string>> = {
  404: ': not found',
  405: ': it does not allow GET',
  410: ': gone',
  [RANGE_NOT_SATISFIABLE]: ': it has fewer bytes',
};
