import { StoreFullError, StoreUnavailableError } from '../../registry/storage/object-store.ts';
import { isUnsent } from '../fenced.ts';
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

/** Codes by which a server says that it did nothing. Without such a code a 5xx may come from a proxy on the way. */
const NOT_DONE = new Set([...FULL, 'SlowDown', 'ServiceUnavailable', 'NotImplemented']);
/** Codes of single keys in an answer to DeleteObjects. */
const KEY_NOT_DONE = new Set([...NOT_DONE, 'NoSuchKey', 'AccessDenied']);

/** Converts an error of the SDK to ours; `hide` removes credentials from a text. */
export function translate(action: string, thrown: unknown, hide: (text: string) => string): Error {
  const error = thrown as SdkError;
  const status = error.$metadata?.httpStatusCode;
  const code = codeOf(error);
  const text = error.message === 'UnknownError' || error.message === code ? '' : hide(error.message ?? '');
  const own = new S3Error(action, { code, status, attempts: error.$metadata?.attempts ?? 1, text });
  // Swift's S3 reports an exceeded quota with the code for objects that are too large.
  const isQuota = code === 'EntityTooLarge' && /quota/i.test(text);
  return FULL.has(code) || status === 507 || isQuota ? new StoreFullError(own) : own;
}

function codeOf(error: SdkError): string {
  const named = [error.Code, error.code, error.name].find((name) => typeof name === 'string' && name !== '');
  return typeof named === 'string' ? named : 'UnknownError';
}

/**
 * Whether an error of the SDK says for certain that the attempt had no effect, and will have none. A 200 with an error is
 * one that broke off; 408 is also how Ceph answers when its own storage was slow.
 */
export function isCertain(thrown: unknown): boolean {
  if (isUnsent(thrown)) return true;
  const error = thrown as SdkError;
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || status < 300 || status === 408) return false;
  return status < 500 || NOT_DONE.has(codeOf(error));
}

/** Whether an answer to DeleteObjects says for certain that a key was not deleted, and will not be. */
export function isKeyCertain(code: string | undefined): boolean {
  return KEY_NOT_DONE.has(code ?? '');
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
