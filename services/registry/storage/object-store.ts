import type { Readable, Writable } from 'node:stream';
import { OperatorError } from '../runtime/operator-error.ts';
import type { Fence } from './fence.ts';

/**
 * The interface of a storage backend, in the words of object stores. Objects are immutable once written: a `put`
 * replaces the whole object at once; readers see the old bytes or the new ones, never a mixture or a part. No rename and
 * no walk: those make object stores slow when they imitate file systems. Only `grow` changes an object in place, and only
 * file stores have it.
 *
 * A failure of the backend, rather than of the request, throws StoreFullError or StoreUnavailableError.
 *
 * A key is `/`-separated; its segments are non-empty, of printable ASCII, and do not begin with a dot or a blank. The
 * contract suite in `test/contract/object-store.ts` says the same in code, for every driver.
 */
export interface ObjectStore extends AsyncDisposable {
  /**
   * True if no write of a process takes effect after the process has ended, as on a local file system. False if a request may
   * still be on its way then, or wait at a server.
   */
  readonly writesEndWithProcess: boolean;
  /** Size and time of an object; undefined if it does not exist. */
  stat(key: string, signal?: AbortSignal): Promise<ObjectStat | undefined>;
  /**
   * Writes an object's bytes, or a range of them, to a stream, without ending it, in the cheapest way that the backend
   * has; false, with nothing written, if the object does not exist. Rejects if the stream closes before the last byte.
   * The stream must be done with a chunk when it calls back, as sockets and HTTP answers are: buffers are reused.
   */
  send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean>;
  /** A stream of an object's bytes, or of a range of them; undefined if it does not exist. */
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRead | undefined>;
  /** A whole small object; throws {@link ObjectTooLargeError} beyond `limitBytes`, so that memory stays bounded. */
  read(key: string, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Writes a whole object, replacing the previous one. If `body` throws, nothing is left behind. */
  put(key: string, body: Buffer | AsyncIterable<Buffer>, options?: PutOptions): Promise<void>;
  /** Writes an object unless the key is taken; of concurrent callers, exactly one gets `created`. */
  putIfAbsent(
    key: string,
    body: Buffer,
    signal?: AbortSignal,
    options?: CreateOptions,
  ): Promise<'created' | 'exists'>;
  /**
   * Makes `target` from the bytes of `sources` in order, without a transfer through the client of a remote store (Swift's
   * static large object, S3's UploadPartCopy, a hard link). Durable; the sources stay.
   */
  compose(sources: readonly string[], target: string, signal?: AbortSignal): Promise<void>;
  /**
   * Keeps the first `fromBytes` bytes of an object and appends a body to them. Durable. False, with nothing read from the
   * body, if the object is shorter, is absent, or shares its bytes with another that `compose` made. If the body or the
   * store fails, those first bytes are unchanged; what follows them is undefined.
   *
   * The caller must ensure that nobody else grows the object at the same time, and that readers stop where it began to
   * grow. Absent in stores whose objects cannot change: there a caller writes another object, and composes the two.
   */
  grow?(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean>;
  /** Deletes objects, in any order; absent ones are not an error. */
  delete(keys: readonly string[], signal?: AbortSignal, options?: DeleteOptions): Promise<void>;
  /** One page of keys in byte order. */
  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage>;
  /**
   * A URL by which anyone can fetch the object for this time, whether or not it exists; undefined if the backend has no
   * such URLs. Sends no request, so that a pull can wait for it.
   */
  urlOf(key: string, ttlSeconds: number): Promise<string | undefined>;
  /** Removes what interrupted writes left behind before a time; returns how many things. */
  removeLeftovers(olderThan: Date, signal?: AbortSignal): Promise<number>;
  /**
   * What writes under way have written so far, and what interrupted ones left behind. Absent in stores where nobody can
   * look at that cheaply.
   */
  temporaries?(signal?: AbortSignal): AsyncIterable<TemporaryObject>;
}

/** After this long without a write, a temporary object was left by a process that died. */
export const TEMPORARY_MAX_AGE_MS = 24 * 60 * 60_000;

/** A part of a write that is no object, or not yet. */
export interface TemporaryObject extends ObjectStat {
  /** Where it is, for people; not a key of an object. */
  readonly key: string;
}

export interface ObjectStat {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** Inclusive positions, as in HTTP; `last` must be inside the object. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface ObjectRead extends ObjectStat {
  /** Destroy it unless you read it to its end. */
  readonly body: Readable;
}

export interface PutOptions {
  /**
   * False for data that a power cut may lose, because it was promised to no client (upload bookkeeping).
   * @default true
   */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
  /** For a body in memory whose write must not take effect after a later one. */
  readonly fence?: Fence | undefined;
}

export interface CreateOptions {
  /**
   * False for data that means nothing after a power cut, such as a claim of a process that died in it.
   * @default true
   */
  readonly durable?: boolean;
}

export interface DeleteOptions {
  /**
   * False for data that may reappear after a power cut, because its deletion was acknowledged to no client (upload
   * bookkeeping).
   * @default true
   */
  readonly durable?: boolean;
  /** For objects that somebody may make again: this delete must not take effect then. */
  readonly fence?: Fence | undefined;
}

export interface ListRequest {
  /** Only keys that begin with this. */
  readonly prefix: string;
  /** Only keys (or common prefixes) after this one in byte order. */
  readonly startAfter?: string;
  /** Fold keys that share a prefix up to the next `/` into one common prefix. */
  readonly delimiter?: '/';
  readonly limit: number;
  /**
   * Called, perhaps more than once, for what lies under the prefix, or on the way to it, and cannot be listed. The listing
   * then continues where it would otherwise leave that out or fail. For callers that conclude from a listing that
   * something does not exist.
   */
  readonly onUnlisted?: (entry: Unlisted) => void;
}

/** Something in the store that a listing cannot show; what lies behind it cannot be shown, either. */
export interface Unlisted {
  /** Its key, without a trailing slash. */
  readonly key: string;
  /** What it is, as the rest of a sentence that begins with the key. */
  readonly is: string;
  /** What the operator can do about it, as an imperative. */
  readonly remedy: string;
}

export interface ListPage {
  readonly keys: readonly string[];
  /** Common prefixes, each ending in `/`; empty without a delimiter. */
  readonly prefixes: readonly string[];
  /** Pass as `startAfter` for the next page; undefined when this was the last. */
  readonly next: string | undefined;
}

/** The backend is full: the client may try again when the operator has made room. */
export class StoreFullError extends Error {
  override name = 'StoreFullError';

  constructor(cause: unknown) {
    super('the object store is full', { cause });
  }
}

/** With `read`, opening a store writes nothing, not even to find out what the backend can do. */
export type StoreMode = 'read' | 'write';

/** The store does not exist, and was opened without making it. The message names the key of the configuration to check. */
export class StoreAbsentError extends OperatorError {
  override name = 'StoreAbsentError';
}

/** The text of a {@link StoreAbsentError} after the setting, for a directory or a container. */
export function absent(place: string): string {
  return (
    `there is no store here, since there is no such ${place}: ` +
    'correct the setting, or start the registry once with writes enabled, which makes it'
  );
}

/** The backend refuses our writes. The message says where, why, and what the operator can do. */
export class StoreNotWritableError extends OperatorError {
  override name = 'StoreNotWritableError';
  /** Why, in a form that clients may see. */
  readonly reason: 'denied' | 'read-only' | 'failed';

  constructor(message: string, reason: StoreNotWritableError['reason'], options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * The backend cannot be reached, or failed at a request: the client may try again. Message and cause name servers,
 * buckets and keys, and are for the log.
 */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}

/** Keys in a page, unless given: as many as S3 lists at once. */
export const LIST_PAGE_KEYS = 1000;

/** Every key under a prefix, page by page: the keys of a page first, then its common prefixes. */
export async function* listAll(
  store: ObjectStore,
  request: Omit<ListRequest, 'limit'> & { readonly pageSize?: number },
  signal?: AbortSignal,
): AsyncGenerator<{ key: string; isPrefix: boolean }> {
  const { pageSize: limit = LIST_PAGE_KEYS, ...rest } = request;
  let startAfter = request.startAfter;
  do {
    const page = await store.list({ ...rest, ...(startAfter && { startAfter }), limit }, signal);
    for (const key of page.keys) yield { key, isPrefix: false };
    for (const key of page.prefixes) yield { key, isPrefix: true };
    startAfter = page.next;
  } while (startAfter !== undefined);
}

/** An object is larger than what it may hold: it is damaged. */
export class ObjectTooLargeError extends Error {
  constructor(key: string, sizeBytes: number, limitBytes: number) {
    super(`${key} has ${sizeBytes} bytes, more than ${limitBytes}`);
    this.name = 'ObjectTooLargeError';
  }
}
