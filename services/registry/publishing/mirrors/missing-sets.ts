import type { MirrorName } from '../../oci/names.ts';
import { deleteAll } from '../../storage/delete-all.ts';
import { encodeJson, parseJson } from '../../storage/json.ts';
import { MISSING_SETS_PREFIX, missingSetKey, missingSetPrefix } from '../../storage/layout.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import type { StoredLedger } from './board.ts';
import { type Ledger, type MissingBlob, MissingBlobsSchema } from './ledger.ts';

/** More missing blobs than this are kept in an object of their own, so that a heartbeat does not write them again. */
const INLINE_MAX = 8;
const SET_MAX_BYTES = 8 * 1024 * 1024;

/** Long missing sets, in objects of their own. A version is written once, before the board that names it, and never changed. */
export class MissingSets {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** Whether a set is kept in an object of its own. */
  static isLong(missing: readonly MissingBlob[]): boolean {
    return missing.length > INLINE_MAX;
  }

  async write(mirror: MirrorName, version: string, missing: readonly MissingBlob[]): Promise<void> {
    await this.#objects.put(missingSetKey(mirror, version), encodeJson(missing));
  }

  /** Undefined if it has been superseded. */
  async read(mirror: MirrorName, version: string, signal?: AbortSignal): Promise<MissingBlob[] | undefined> {
    const bytes = await this.#objects.read(missingSetKey(mirror, version), SET_MAX_BYTES, signal);
    return bytes && parseJson(MissingBlobsSchema, bytes);
  }

  /** The sets that are stored, of all mirrors. */
  async stored(): Promise<(mirror: MirrorName, version: string) => boolean> {
    const keys = new Set<string>();
    for await (const { key } of listAll(this.#objects, { prefix: MISSING_SETS_PREFIX })) keys.add(key);
    return (mirror, version) => keys.has(missingSetKey(mirror, version));
  }

  /** Deletes the versions before this one; never those of a later owner. */
  async deleteBefore(mirror: MirrorName, version: string): Promise<void> {
    await deleteAll(this.#objects, this.#before(mirror, version));
  }

  /** The whole ledger of what a board holds; undefined if its missing set has been superseded. */
  async whole(
    { missingVersion, ...ledger }: StoredLedger,
    mirror: MirrorName,
    signal?: AbortSignal,
  ): Promise<Ledger | undefined> {
    if (missingVersion === undefined) return ledger;
    const missing = await this.read(mirror, missingVersion, signal);
    return missing && { ...ledger, missing };
  }

  async *#before(mirror: MirrorName, version: string): AsyncGenerator<string> {
    const kept = missingSetKey(mirror, version);
    for await (const { key } of listAll(this.#objects, { prefix: missingSetPrefix(mirror) })) {
      if (key >= kept) return;
      yield key;
    }
  }
}
