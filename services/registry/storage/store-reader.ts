import { type Digest, digestBy, isDigest, type Sha256Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import { readStoredManifest } from '../oci/stored-manifest.ts';
import { blobDataKey } from './layout.ts';
import { type ListPage, listAll, type ObjectStat, type ObjectStore, type Unlisted } from './object-store.ts';
import { listingBy } from './unlisted.ts';

const LINK_MAX_BYTES = 1024;
/** Bounds memory. One is enough to make a check fail, and a collection refuse. */
const UNLISTED_MAX = 10_000;

/** Why the bytes of a manifest cannot be used. */
export interface ManifestFault {
  readonly fault: 'absent' | 'too-large' | 'damaged' | 'not-json';
  /** For people, as a clause. */
  readonly why: string;
  /** The digest of damaged bytes. */
  readonly actual?: Digest;
}

/** Reads a store for checks and garbage collections: writes nothing, and counts what it reads. */
export class StoreReader {
  /** The store; its listings report here what they cannot show. */
  readonly objects: ObjectStore;
  readonly signal: AbortSignal | undefined;
  /** What listings could not show, by key; the newest last. */
  readonly unlisted = new Map<string, Unlisted>();
  /** Objects read or asked for, and bytes read. */
  objectsRead = 0;
  bytesRead = 0;

  constructor(objects: ObjectStore, signal?: AbortSignal) {
    this.signal = signal;
    const onUnlisted = (entry: Unlisted) => {
      if (!this.unlisted.has(entry.key)) this.onUnlisted(entry);
      if (this.unlisted.size < UNLISTED_MAX) this.unlisted.set(entry.key, entry);
    };
    this.objects = listingBy(objects, async (request, abort) => {
      const page = await objects.list({ ...request, onUnlisted }, abort);
      this.onPage(page);
      return page;
    });
  }

  /** Called once for each thing that listings cannot show. */
  protected onUnlisted(_entry: Unlisted): void {}

  /** Called with each page that was listed, before anybody gets it. */
  protected onPage(_page: ListPage): void {}

  async *keys(prefix: string): AsyncGenerator<string> {
    for await (const { key } of listAll(this.objects, { prefix }, this.signal)) yield key;
  }

  /** Keys and common prefixes (ending in `/`) right below a prefix. */
  async *below(prefix: string): AsyncGenerator<string> {
    for await (const { key } of listAll(this.objects, { prefix, delimiter: '/' }, this.signal)) yield key;
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    this.objectsRead++;
    return this.objects.stat(key, this.signal);
  }

  /** A small object; `too-large` where stores throw. */
  async read(key: string, limitBytes: number): Promise<Buffer | 'too-large' | undefined> {
    this.objectsRead++;
    try {
      const bytes = await this.objects.read(key, limitBytes, this.signal);
      this.bytesRead += bytes?.length ?? 0;
      return bytes;
    } catch (error) {
      const stat = await this.objects.stat(key, this.signal);
      if (stat && stat.sizeBytes > limitBytes) return 'too-large';
      throw error;
    }
  }

  /** What a link holds. */
  async link(key: string): Promise<Digest | 'malformed' | undefined> {
    const bytes = await this.read(key, LINK_MAX_BYTES);
    if (bytes === undefined) return undefined;
    const text = bytes === 'too-large' ? '' : bytes.toString('utf8').trim();
    return isDigest(text) ? text : 'malformed';
  }

  /** A manifest that lies under its digest, read and verified. */
  async manifest(digest: Sha256Digest): Promise<Manifest | ManifestFault> {
    const bytes = await this.read(blobDataKey(digest), MANIFEST_MAX_BYTES);
    if (bytes === undefined) return { fault: 'absent', why: 'its bytes are not there' };
    if (bytes === 'too-large') return { fault: 'too-large', why: 'it has more bytes than a manifest may' };
    const actual = digestBy('sha256', bytes);
    if (actual !== digest) return { fault: 'damaged', why: 'its bytes are damaged', actual };
    try {
      return readStoredManifest(bytes, digest, digest);
    } catch {
      return { fault: 'not-json', why: 'it is not a JSON object' };
    }
  }
}
