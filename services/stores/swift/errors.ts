import { z } from 'zod';
import { StoreFullError, StoreUnavailableError } from '../../registry/storage/object-store.ts';

/** Swift or Keystone refused a request. The message names the request without its headers, which hold the token. */
export class SwiftError extends StoreUnavailableError {
  readonly status: number;
  /** The server's `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(what: string, status: number, details: { transaction?: string; retryAfterMs?: number } = {}) {
    const transaction = details.transaction ? ` (transaction ${details.transaction})` : '';
    super(`${what} was answered with ${status}${transaction}`);
    this.name = 'SwiftError';
    this.status = status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * Converts the errors of a full store (a quota's 413, a device's 507), and of one that cannot be reached or sends invalid
 * answers. Our own mistakes are returned unchanged.
 */
export function translate(error: unknown): unknown {
  if (error instanceof StoreUnavailableError) {
    const isFull = error instanceof SwiftError && (error.status === 413 || error.status === 507);
    return isFull ? new StoreFullError(error) : error;
  }
  if (error instanceof SyntaxError || error instanceof z.ZodError)
    return new StoreUnavailableError('Swift sent an answer that cannot be parsed', { cause: error });
  // Errors of undici and of the system have a code; ours do not.
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string'
    ? new StoreUnavailableError(`Swift is not reached: ${code}`, { cause: error })
    : error;
}

/**
 * Statuses after which the same request may succeed: Swift answers 409, and 202 to an object PUT, if a proxy with a faster
 * clock has written later than now; 498 and 429 are its rate limits.
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

/**
 * Whether Swift said that a request had no effect, and will have none. A 5xx does not: some of the replicas may have done
 * it, and then the others will.
 */
export function isCertain(error: unknown): boolean {
  return error instanceof SwiftError && error.status < 500 && error.status !== 408;
}

/** Whether to repeat a request that may be repeated. */
export function isPassing(error: unknown): boolean {
  if (error instanceof SwiftError) return PASSING.has(error.status);
  return error instanceof Error && PASSING_CODES.has((error as NodeJS.ErrnoException).code ?? '');
}
