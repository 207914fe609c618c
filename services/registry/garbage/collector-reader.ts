import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { BLOBS_PREFIX } from '../storage/layout.ts';
import { digestOfData } from '../storage/layout-read.ts';
import type { ListPage, ObjectStore, Unlisted } from '../storage/object-store.ts';
import { StoreReader } from '../storage/store-reader.ts';
import { describeUnlisted, mayLeadToContent } from '../storage/unlisted.ts';

/** Enough for a person to see what is wrong. */
const NAMED_MAX = 100;

/** What may lead to content cannot be listed or parsed, so it is unknown what is garbage. Nothing was deleted. */
export class UnreadableError extends Error {
  /** What cannot be read and why, up to a hundred. */
  readonly unreadable: readonly string[];

  constructor(unreadable: readonly string[], count: number) {
    super(
      `${count} objects that may refer to content cannot be read, so nothing was deleted. ` +
        '"roadstead check" says what to do about each',
    );
    this.name = 'UnreadableError';
    this.unreadable = unreadable;
  }
}

export interface CollectorReaderOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Throw {@link UnreadableError} as soon as a listing cannot show all that content could be pulled through, page by
   * page: so no part of a scan is stored, and resumed later, that has missed something.
   */
  readonly failsAtOnce?: boolean;
  /** Called with the number of keys of each page. */
  readonly onListed?: (keys: number) => void;
}

/** Reads what refers to content, and keeps account of what cannot be read. */
export class CollectorReader extends StoreReader {
  readonly #options: CollectorReaderOptions;
  readonly #unreadable: string[] = [];
  #count = 0;

  constructor(objects: ObjectStore, options: CollectorReaderOptions = {}) {
    super(objects, options.signal);
    this.#options = options;
  }

  /** A reader of a store whose blobs can be listed: without any bytes every manifest would be named, and not why. */
  static async open(objects: ObjectStore, options: CollectorReaderOptions): Promise<CollectorReader> {
    const reader = new CollectorReader(objects, options);
    await reader.objects.list({ prefix: BLOBS_PREFIX, limit: 1 }, reader.signal);
    return reader;
  }

  protected override onUnlisted(entry: Unlisted): void {
    if (mayLeadToContent(entry.key)) this.note(describeUnlisted(entry));
  }

  protected override onPage({ keys }: ListPage): void {
    this.#options.onListed?.(keys.length);
    if (this.#options.failsAtOnce) this.throwIfUnreadable();
  }

  /** The stored blobs. Other objects among them are not ours to delete. */
  async *blobs(): AsyncGenerator<Sha256Digest> {
    for await (const key of this.keys(BLOBS_PREFIX)) {
      const digest = digestOfData(key);
      if (digest) yield digest;
    }
  }

  /** What a link holds; undefined where there is none, and where it holds no digest, which is noted. */
  async linked(key: string): Promise<Digest | undefined> {
    const digest = await this.link(key);
    return digest === 'malformed' ? this.note(`${key}: holds no digest`) : digest;
  }

  /** A small object; undefined where there is none, and where it is too large, which is noted. */
  async small(key: string, limitBytes: number): Promise<Buffer | undefined> {
    const bytes = await this.read(key, limitBytes);
    return bytes === 'too-large' ? this.note(`${key}: has more bytes than it should`) : bytes;
  }

  /** Where content is stored: a SHA-256 name says so itself, another name by its link. */
  async stored(named: Digest, linkKey: string): Promise<Sha256Digest | undefined> {
    if (isSha256(named)) return named;
    const digest = await this.linked(linkKey);
    if (digest === undefined || isSha256(digest)) return digest;
    return this.note(`${linkKey}: holds no sha256 digest`);
  }

  /** Notes that something cannot be read. */
  note(what: string): undefined {
    this.#count++;
    if (this.#unreadable.length < NAMED_MAX) this.#unreadable.push(what);
  }

  /** Throws {@link UnreadableError} when anything was noted. */
  throwIfUnreadable(): void {
    if (this.#count > 0) throw new UnreadableError(this.#unreadable, this.#count);
  }
}
