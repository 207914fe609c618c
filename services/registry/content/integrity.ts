import { LRUCache } from 'lru-cache';
import { digestOf, type Sha256Digest } from '../oci/digest.ts';
import { blobDataKey } from '../storage/layout.ts';
import type { ObjectStat, ObjectStore } from '../storage/object-store.ts';

/** Blobs up to this size are verified before they are served or relied on: hashing them costs less than asking for them. */
export const SMALL_BLOB_MAX_BYTES = 64 * 1024;

/** After this time bytes are hashed again, even if size and time of the object are unchanged. */
const VERIFIED_MS = 60 * 60_000;
const VERIFIED_MAX = 50_000;
/** After this time damaged bytes are read again, even if size and time of the object are unchanged. */
const DAMAGED_MS = 10 * 60_000;
const DAMAGED_MAX = 10_000;

/** A blob and the size of its stored bytes. */
type SizedBlob = Pick<Damage, 'digest' | 'sizeBytes'>;

/** Stored bytes that are not what their key says. */
export interface Damage {
  readonly digest: Sha256Digest;
  readonly key: string;
  readonly sizeBytes: number;
  /** The digest that the bytes have. */
  readonly actual: Sha256Digest;
}

/**
 * Whether stored bytes are what their key says. Small ones are hashed; larger ones count as sound unless a read has shown
 * otherwise. A verdict is remembered in this process only, for one version of the object (its size and time), so bytes
 * that are mended on any node are trusted at once.
 */
export class Integrity {
  readonly #objects: ObjectStore;
  readonly #report: (damage: Damage) => void;
  readonly #sound = verdicts<string>(VERIFIED_MAX, VERIFIED_MS);
  readonly #damaged = verdicts<string>(DAMAGED_MAX, DAMAGED_MS);
  readonly #doubted = verdicts<number>(DAMAGED_MAX, DAMAGED_MS);

  /** `report` is called once for each version of an object that is found damaged. */
  constructor(objects: ObjectStore, report: (damage: Damage) => void = () => undefined) {
    this.#objects = objects;
    this.#report = report;
  }

  /** Whether the bytes that `stat` was asked for may be relied on. Reads them where that is cheap and not yet known. */
  async isSound(digest: Sha256Digest, stat: ObjectStat, signal?: AbortSignal): Promise<boolean> {
    if (this.isKnownDamaged(digest, stat)) return false;
    if (stat.sizeBytes > SMALL_BLOB_MAX_BYTES || this.#sound.get(digest) === versionOf(stat)) return true;
    const bytes = await this.#objects.read(blobDataKey(digest), SMALL_BLOB_MAX_BYTES, signal);
    return bytes !== undefined && this.#judge(digest, stat, bytes);
  }

  /** Whether this version was read before, and found damaged. Reads nothing. */
  isKnownDamaged(digest: Sha256Digest, stat: ObjectStat): boolean {
    return this.#damaged.get(digest) === versionOf(stat);
  }

  /** A whole object's bytes; undefined where they are missing or damaged. Throws beyond `limitBytes`. */
  async read(digest: Sha256Digest, limitBytes: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    const key = blobDataKey(digest);
    const bytes = await this.#objects.read(key, limitBytes, signal);
    if (bytes === undefined || digestOf(bytes) === digest) return bytes;
    // Read again: a verdict has to be about a known version, and this one may have been replaced since.
    const stat = await this.#objects.stat(key, signal);
    const again = stat && (await this.#objects.read(key, limitBytes, signal));
    return stat && again && this.#judge(digest, stat, again) ? again : undefined;
  }

  /**
   * To be called for a manifest that states another size: either it is wrong or the blob was truncated. The next client
   * that pushes is asked for the bytes again, which decides.
   */
  doubt({ digest, sizeBytes }: SizedBlob): void {
    this.#doubted.set(digest, sizeBytes);
  }

  /** Whether the size of the stored bytes is in doubt; a client that pushes should send the blob again. */
  isDoubted({ digest, sizeBytes }: SizedBlob): boolean {
    return this.#doubted.get(digest) === sizeBytes;
  }

  /** Whether any version was found damaged or doubted. */
  isSuspect(digest: Sha256Digest): boolean {
    return this.#damaged.has(digest) || this.#doubted.has(digest);
  }

  /** To be called when a client has sent the right bytes, before they replace what is stored, if they do. */
  forget(digest: Sha256Digest): void {
    this.#doubted.delete(digest);
    // Object stores have times in seconds: a new version may look like the one before.
    this.#damaged.delete(digest);
  }

  /** `stat` was read before the bytes: if the object is replaced in between, the old version gets the verdict. */
  #judge(digest: Sha256Digest, stat: ObjectStat, bytes: Buffer): boolean {
    const actual = digestOf(bytes);
    if (actual === digest) {
      this.#sound.set(digest, versionOf(stat));
      return true;
    }
    this.#sound.delete(digest);
    if (!this.isKnownDamaged(digest, stat))
      this.#report({ digest, key: blobDataKey(digest), sizeBytes: bytes.length, actual });
    this.#damaged.set(digest, versionOf(stat));
    return false;
  }
}

function versionOf({ sizeBytes, modifiedAt }: ObjectStat): string {
  return `${sizeBytes}@${modifiedAt.getTime()}`;
}

/** Bounded by `maxSize`: with `max` the library would take the room for all entries at once. */
function verdicts<V extends string | number>(max: number, ttl: number): LRUCache<Sha256Digest, V> {
  return new LRUCache({ maxSize: max, sizeCalculation: () => 1, ttl });
}
