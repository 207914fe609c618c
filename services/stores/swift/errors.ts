import { StoreFullError } from '../../registry/object-store.ts';

/** Swift or Keystone said no. The message names the request without its headers, which hold the token. */
export class SwiftError extends Error {
  readonly status: number;
  /** When the server asks to be left alone for a while. */
  readonly retryAfterMs: number | undefined;

  constructor(what: string, status: number, details: { transaction?: string; retryAfterMs?: number } = {}) {
    const transaction = details.transaction ? ` (transaction ${details.transaction})` : '';
    super(`${what} was answered with ${status}${transaction}`);
    this.name = 'SwiftError';
    this.status = status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Tells a full store (a quota's 413, a device's 507) from other failures. */
export function translate(error: unknown): unknown {
  const isFull = error instanceof SwiftError && (error.status === 413 || error.status === 507);
  return isFull ? new StoreFullError(error) : error;
}

/**
 * Statuses after which the same request may succeed: 409, and 202 where an object was put, are Swift's when a proxy with
 * a faster clock has written later than now, 498 and 429 are its rate limits.
 */
const PASSING = new Set([202, 408, 409, 429, 498, 500, 502, 503, 504]);

const PASSING_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Whether a request that may be repeated should be. */
export function isPassing(error: unknown): boolean {
  if (error instanceof SwiftError) return PASSING.has(error.status);
  return error instanceof Error && PASSING_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
