import { setTimeout as sleep } from 'node:timers/promises';
import { listNames, readList } from '../../services/registry/content/quarantine/guard.ts';
import { DELETING_PREFIX, WORKER_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import { BLOBS_PREFIX } from '../../services/registry/storage/layout.ts';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';
import { QUARANTINE_MS } from './settings.ts';

const LOOK_MS = 60;
const READ_MAX_BYTES = 100_000;

/** Looks into the store, past all processes: for a moment at which something is worth being disturbed. */
export class Eyes {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** Waits until a collector has raised the flag over what it deletes next; false when none does in time. */
  async seesDeletion(withinMs: number, signal: AbortSignal): Promise<boolean> {
    for (const deadline = performance.now() + withinMs; performance.now() < deadline && !signal.aborted; ) {
      const { keys } = await this.#objects.list({ prefix: DELETING_PREFIX, limit: 1 });
      if (keys.length > 0) return true;
      await sleep(LOOK_MS);
    }
    return false;
  }

  /** The process that holds the collector's lease, by its id; undefined when none does. */
  async collector(): Promise<number | undefined> {
    let newest: string | undefined;
    for await (const { key } of listAll(this.#objects, { prefix: WORKER_PREFIX })) newest = key;
    const bytes = newest === undefined ? undefined : await this.#objects.read(newest, READ_MAX_BYTES);
    if (bytes === undefined) return undefined;
    const { holder } = JSON.parse(bytes.toString()) as { holder: string };
    return Number(holder.split(' ')[3]) || undefined;
  }

  /** What is in quarantine for longer than it has to be: it is deleted next, unless somebody comes. */
  async nearDeletion(): Promise<Set<string>> {
    const near = new Set<string>();
    for await (const name of listNames(this.#objects)) {
      const announcedAt = Number(name.split('-')[0]);
      if (Date.now() - announcedAt < QUARANTINE_MS) continue;
      for (const digest of (await readList(this.#objects, name)) ?? []) near.add(digest);
    }
    return near;
  }

  /** The digests whose bytes are stored. */
  async stored(): Promise<Set<string>> {
    const digests = new Set<string>();
    for await (const { key } of listAll(this.#objects, { prefix: `${BLOBS_PREFIX}sha256/` }))
      if (key.endsWith('/data')) digests.add(`sha256:${key.split('/').at(-2)}`);
    return digests;
  }
}
