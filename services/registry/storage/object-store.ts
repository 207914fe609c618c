import type { Readable, Writable } from 'node:stream';
import { OperatorError } from '../runtime/operator-error.ts';

/**
 * What the registry asks of a backend, in the words of object stores. Objects are immutable once written: a `put`
 * replaces the whole object at once, readers see the old bytes or the new ones, never a mixture and never a part.
 * No rename and no walk: those are what makes object stores slow when they imitate file systems. Only `grow` changes an
 * object in place, and only stores of files have it.
 *
 * What fails for want of the backend, rather than by what was asked, throws StoreFullError or StoreUnavailableError.
 *
 * A key is `/`-separated; its segments are non-empty, of printable ASCII, and do not begin with a dot or a blank. The contract suite in
 * `test/contract/object-store.ts` says the same in code, for every driver.
 */
export interface ObjectStore extends AsyncDisposable {
  /** Size and time of an object, or undefined where there is none. */
  stat(key: string, signal?: AbortSignal): Promise<ObjectStat | undefined>;
  /**
   * Writes an object's bytes, or a part of them, to a stream, without ending it, by the cheapest way that the backend
   * has; false, and nothing written, where there is none. Rejects when the stream closes before the last byte. The
   * stream has to be done with a chunk when it calls back, as sockets and HTTP answers are: buffers are used again.
   */
  send(key: string, range: ByteRange | undefined, sink: Writable): Promise<boolean>;
  /** A stream of an object's bytes, or of a part of them; undefined where there is none. */
  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectRead | undefined>;
  /** A whole small object; throws when it is larger than `limitBytes`, so that memory stays bounded. */
  read(key: string, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Writes an object whole, replacing what was there. When `body` throws, nothing is left behind. */
  put(key: string, body: Buffer | AsyncIterable<Buffer>, options?: PutOptions): Promise<void>;
  /** Writes an object unless the key is taken; of any number of racers exactly one hears `created`. */
  putIfAbsent(
    key: string,
    body: Buffer,
    signal?: AbortSignal,
    options?: CreateOptions,
  ): Promise<'created' | 'exists'>;
  /**
   * Makes `target` of the bytes of `sources` in order, without sending them through the client of a remote store
   * (Swift's static large object, S3's UploadPartCopy, a hard link). Durable; the sources stay.
   */
  compose(sources: readonly string[], target: string, signal?: AbortSignal): Promise<void>;
  /**
   * Keeps the first `fromBytes` bytes of an object and adds a body behind them. Durable. False, with nothing read of the
   * body, when the object is shorter, is absent, or shares its bytes with another that `compose` made. When the body or
   * the store fails, those first bytes are as they were; what follows them is undefined.
   *
   * The caller must make sure that nobody else grows the object meanwhile, and that readers stop where it began to grow.
   * Absent in stores whose objects cannot change: there a caller writes another object, and composes the two.
   */
  grow?(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean>;
  /** Deletes objects, in any order; those that are not there are no error. */
  delete(keys: readonly string[], signal?: AbortSignal, options?: DeleteOptions): Promise<void>;
  /** One page of keys in byte order. */
  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage>;
  /**
   * A URL by which anyone can fetch the object for so long, whether or not it is there; undefined where the backend has
   * no such thing. Asks nobody, so that a pull can wait for it.
   */
  urlOf(key: string, ttlSeconds: number): Promise<string | undefined>;
  /** Removes what writes that never came to their end have left behind, if it is older; answers how many things. */
  removeLeftovers(olderThan: Date, signal?: AbortSignal): Promise<number>;
}

export interface ObjectStat {
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** Inclusive positions, as in HTTP; `last` must lie inside the object. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface ObjectRead extends ObjectStat {
  /** Destroy it if you do not read it to its end. */
  readonly body: Readable;
}

export interface PutOptions {
  /**
   * False for what may be lost in a power cut because no client was promised it (upload bookkeeping).
   * @default true
   */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
}

export interface CreateOptions {
  /**
   * False for what means nothing after a power cut, such as a claim of a process that has died with it.
   * @default true
   */
  readonly durable?: boolean;
}

export interface DeleteOptions {
  /**
   * False for what may come back after a power cut because nobody was told that it has gone (upload bookkeeping).
   * @default true
   */
  readonly durable?: boolean;
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
   * Hears of what lies under the prefix, or on the way to it, and cannot be listed, perhaps more than once. A listing
   * then goes on where it would otherwise leave that out, or fail because it cannot be read. For whoever concludes
   * from a listing that something is not there.
   */
  readonly onUnlisted?: (entry: Unlisted) => void;
}

/** Something in the store that a listing cannot show, nor what may lie behind it. */
export interface Unlisted {
  /** Where it is, without a slash at its end. */
  readonly key: string;
  /** What it is, to follow the key in a sentence. */
  readonly is: string;
  /** What a person can do about it, as an order. */
  readonly remedy: string;
}

export interface ListPage {
  readonly keys: readonly string[];
  /** Common prefixes, each ending in `/`; empty without a delimiter. */
  readonly prefixes: readonly string[];
  /** Pass as `startAfter` for the next page; undefined when this was the last. */
  readonly next: string | undefined;
}

/** The backend has no room left: the client may try again when the operator has made some. */
export class StoreFullError extends Error {
  constructor(cause: unknown) {
    super('the object store is full', { cause });
    this.name = 'StoreFullError';
  }
}

/** What a store is opened for: with `read`, opening it writes nothing, not even to find out what the backend can do. */
export type StoreMode = 'read' | 'write';

/** There is no such store, and it was not to be made. The message tells the operator which key to look at. */
export class StoreAbsentError extends OperatorError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreAbsentError';
  }
}

/** What a {@link StoreAbsentError} says after the setting, of a directory or a container. */
export function absent(place: string): string {
  return (
    `there is no store here, since there is no such ${place}: ` +
    'correct the setting, or start the registry once with writes enabled, which makes it'
  );
}

/** The backend is there and takes no writes from us. The message tells the operator where, why and what to do. */
export class StoreNotWritableError extends OperatorError {
  /** Why, in a form that anyone may be told. */
  readonly reason: 'denied' | 'read-only' | 'failed';

  constructor(message: string, reason: StoreNotWritableError['reason'], options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreNotWritableError';
    this.reason = reason;
  }
}

/**
 * The backend cannot be reached, or has failed at what was asked of it: the client may try again. Message and cause name
 * servers, buckets and keys, and are for the log.
 */
export class StoreUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailableError';
  }
}

/** Most keys that a backend lists at once (S3's limit). */
const LIST_PAGE_MAX = 1000;

/** Every key under a prefix, page by page: keys of a page first, then its common prefixes. */
export async function* listAll(
  store: ObjectStore,
  request: Omit<ListRequest, 'limit'> & { readonly pageSize?: number },
  signal?: AbortSignal,
): AsyncGenerator<{ key: string; isPrefix: boolean }> {
  const { pageSize = LIST_PAGE_MAX, ...rest } = request;
  const limit = Math.min(pageSize, LIST_PAGE_MAX);
  let startAfter = request.startAfter;
  do {
    const page = await store.list({ ...rest, ...(startAfter && { startAfter }), limit }, signal);
    for (const key of page.keys) yield { key, isPrefix: false };
    for (const key of page.prefixes) yield { key, isPrefix: true };
    startAfter = page.next;
  } while (startAfter !== undefined);
}
