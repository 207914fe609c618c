import { type Digest, digestOf, isDigest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { readStoredManifest } from '../oci/stored-manifest.ts';
import { blobDataKey } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { accountable, tellUnlisted } from '../storage/unlisted.ts';

const LINK_MAX_BYTES = 1024;
/** Enough for a person to see what is wrong. */
const NAMED_MAX = 100;
/** Up to this many are counted exactly; beyond, the count is too high. */
const UNLISTED_MAX = 10_000;

/** What refers to content cannot be read, so it is unknown what is garbage. Nothing was deleted. */
export class UnreadableError extends Error {
  /** What cannot be read and why, up to a hundred. */
  readonly unreadable: readonly string[];

  constructor(unreadable: readonly string[], count: number) {
    super(
      `${count} objects that may refer to content cannot be read, so nothing was deleted. ` +
        '"roadstead check" tells what to do about each',
    );
    this.name = 'UnreadableError';
    this.unreadable = unreadable.slice(0, NAMED_MAX);
  }
}

/** The finding for a link by a digest of an algorithm that this version does not know. */
export function unknownDigest(key: string): string {
  return `${key}: is named by a digest that this registry does not know`;
}

/** Reads what refers to content, and keeps account of what cannot be read. */
export class StrictReader {
  readonly objects: ObjectStore;
  readonly #signal: AbortSignal | undefined;
  readonly #unreadable: string[] = [];
  readonly #unlisted = new Set<string>();
  #count = 0;

  /** Keeps account of what listings cannot show, too. */
  constructor(objects: ObjectStore, signal?: AbortSignal) {
    this.objects = accountable(objects, (entry) => {
      if (!this.#unlisted.has(entry.key)) this.note(tellUnlisted(entry));
      if (this.#unlisted.size < UNLISTED_MAX) this.#unlisted.add(entry.key);
    });
    this.#signal = signal;
  }

  async *keys(prefix: string): AsyncGenerator<string> {
    for await (const { key } of listAll(this.objects, { prefix }, this.#signal)) yield key;
  }

  /** What a link holds; undefined where there is none, and where it holds no digest, which is noted. */
  async link(key: string): Promise<Digest | undefined> {
    const text = (await this.read(key, LINK_MAX_BYTES))?.toString('utf8').trim();
    if (text === undefined || isDigest(text)) return text;
    this.note(`${key}: holds no digest`);
    return undefined;
  }

  /** {@link link}, where it has to lead to stored bytes. */
  async storedLink(key: string): Promise<Sha256Digest | undefined> {
    const digest = await this.link(key);
    if (digest === undefined || isSha256(digest)) return digest;
    this.note(`${key}: holds no sha256 digest`);
    return undefined;
  }

  /** Where content lies: a name by SHA-256 says so itself, another one by its link. */
  async stored(digest: Digest, linkKey: string): Promise<Sha256Digest | undefined> {
    return isSha256(digest) ? digest : this.storedLink(linkKey);
  }

  /** A manifest that a repository has a link to; undefined, and noted, where its bytes are not what they should be. */
  async manifest(name: RepositoryName, digest: Sha256Digest): Promise<Manifest | undefined> {
    const bytes = await this.read(blobDataKey(digest), MANIFEST_MAX_BYTES);
    if (bytes === undefined) return this.note(`${name}@${digest}: its bytes are not there`);
    if (digestOf(bytes) !== digest) return this.note(`${name}@${digest}: its bytes are damaged`);
    try {
      return readStoredManifest(bytes, digest, digest);
    } catch {
      return this.note(`${name}@${digest}: it is no JSON object`);
    }
  }

  /** A small object; undefined where there is none, and where it is too large, which is noted. */
  async read(key: string, limitBytes: number): Promise<Buffer | undefined> {
    try {
      return await this.objects.read(key, limitBytes, this.#signal);
    } catch (error) {
      const stat = await this.objects.stat(key, this.#signal);
      if (stat === undefined || stat.sizeBytes <= limitBytes) throw error;
      return this.note(`${key}: has ${stat.sizeBytes} bytes, more than it should`);
    }
  }

  /** Notes a link by a digest that nobody here can follow. */
  noteUnknownDigest(key: string): undefined {
    return this.note(unknownDigest(key));
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
