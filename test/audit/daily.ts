import { encodeRecord, hashOf, NO_HASH } from '../../services/registry/audit/record.ts';
import { auditRecordKey } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { sealer } from './world.ts';

const DAY_MS = 24 * 3_600_000;

/** An entry, as far as tests look for it. */
export interface Made {
  readonly at: number;
  readonly actor: string;
  readonly repository: string | undefined;
}

/** Writes records of which each holds one entry, at the times that the entries have. */
export async function writeEntries(objects: ObjectStore, entries: readonly Made[]): Promise<void> {
  let prev = NO_HASH;
  for (const [i, { at, actor, repository }] of entries.entries()) {
    const seq = i + 1;
    const entry = {
      ...{ at: new Date(at).toISOString(), actor: { kind: actor ? 'user' : 'anonymous', name: actor } },
      ...{ action: 'blob.push', requestId: `${seq}`, ...(repository && { repository }) },
    };
    const bytes = encodeRecord({ seq, prev, id: `${seq}`, node: 'n' }, [JSON.stringify(entry)], sealer);
    await objects.put(auditRecordKey(seq), bytes);
    prev = hashOf(bytes);
  }
}

/** A record a day, the newest one now. */
export function writeDaily(objects: ObjectStore, days: number, now = Date.now()): Promise<void> {
  return writeEntries(
    objects,
    Array.from({ length: days }, (_, i) => ({
      ...{ at: now - (days - 1 - i) * DAY_MS, actor: 'alice', repository: 'a' },
    })),
  );
}
