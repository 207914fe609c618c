import { StoreFullError, StoreUnavailableError } from '../../registry/storage/object-store.ts';
import { ignoring } from '../ignoring.ts';

/** A request that S3 refused, or that failed on the way. Contains nothing of the request but its name and key. */
export class S3Error extends StoreUnavailableError {
  /** S3's own code (`SlowDown`), or the system's (`ECONNRESET`). */
  readonly code: string;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  /** The number of attempts: after more than one, an earlier attempt may have succeeded. */
  readonly attempts: number;

  constructor(
    action: string,
    facts: { code: string; status: number | undefined; attempts: number; text: string },
  ) {
    const { code, status, attempts, text } = facts;
    super(`S3: ${action}: ${code}${status === undefined ? '' : ` (${status})`}${text && `: ${text}`}`);
    this.name = 'S3Error';
    this.code = code;
    this.status = status;
    this.attempts = attempts;
  }
}

/** An error of the SDK. Those contain whole answers, and Amazon's contain what was signed: they are not passed on. */
interface SdkError extends Error {
  readonly code?: unknown;
  readonly Code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

const FULL = new Set([
  'QuotaExceeded',
  'InsufficientStorage',
  'InsufficientCapacity',
  'StorageFull',
  'XMinioStorageFull',
]);

/** Converts an error of the SDK to ours; `hide` removes credentials from a text. */
export function translate(action: string, thrown: unknown, hide: (text: string) => string): Error {
  const error = thrown as SdkError;
  const status = error.$metadata?.httpStatusCode;
  const named = [error.Code, error.code, error.name].find((name) => typeof name === 'string' && name !== '');
  const code = typeof named === 'string' ? named : 'UnknownError';
  const text = error.message === 'UnknownError' || error.message === code ? '' : hide(error.message ?? '');
  const own = new S3Error(action, { code, status, attempts: error.$metadata?.attempts ?? 1, text });
  // Swift's S3 reports an exceeded quota with the code for objects that are too large.
  const isQuota = code === 'EntityTooLarge' && /quota/i.test(text);
  return FULL.has(code) || status === 507 || isQuota ? new StoreFullError(own) : own;
}

/** True if the error says that the object does not exist. */
export function isAbsent(error: unknown): boolean {
  return error instanceof S3Error && error.status === 404 && error.code !== 'NoSuchBucket';
}

/** The result of a request; undefined if its object does not exist. */
export function ifThere<T>(request: Promise<T>): Promise<T | undefined> {
  return ignoring(isAbsent, request);
}

/** True if the error says that a condition failed: the object exists, or is not the expected one. */
export function isUnmet(error: unknown): boolean {
  return error instanceof S3Error && error.status === 412;
}

/** True if the error says that another request for the same object interfered (ConditionalRequestConflict). */
export function isConflict(error: unknown): boolean {
  return error instanceof S3Error && error.status === 409;
}

/** True if the error says that the server does not implement the request. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof S3Error && [400, 405, 501].includes(error.status ?? 0);
}
