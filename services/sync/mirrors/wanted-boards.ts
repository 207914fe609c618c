import { z } from 'zod';
import { encodeJson, tryParseJson } from '../../registry/storage/json.ts';
import { BOARD_WANTED_KEY } from '../../registry/storage/layout.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';

const WantedSchema = z.object({ by: z.string(), count: z.int().positive() });
const MAX_BYTES = 1024;

/**
 * How a worker that has no board asks one that has several for one of them. Only a hint: the leases alone
 * decide who owns what.
 */
export class WantedBoards {
  readonly #objects: ObjectStore;
  readonly #by: string;
  #asked = 0;
  #seen: string | undefined;

  constructor(objects: ObjectStore, by: string) {
    this.#objects = objects;
    this.#by = by;
  }

  /** Says that this worker has none. To be repeated while that is so. */
  async ask(): Promise<void> {
    this.#asked++;
    await this.#objects.put(BOARD_WANTED_KEY, encodeJson({ by: this.#by, count: this.#asked }));
  }

  /** Whether another worker has asked again since the last look: it lives, and waits. */
  async isAsked(): Promise<boolean> {
    const bytes = await this.#objects.read(BOARD_WANTED_KEY, MAX_BYTES);
    const wanted = bytes && tryParseJson(WantedSchema, bytes);
    const seen = wanted ? `${wanted.by} ${wanted.count}` : '';
    const isNew = this.#seen !== undefined && seen !== this.#seen && wanted?.by !== this.#by;
    this.#seen = seen;
    return isNew;
  }
}
