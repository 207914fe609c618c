import { z } from 'zod';
import type { MirrorName } from '../../oci/names.ts';
import { olderLedgerPrefix } from '../../storage/layout.ts';
import { LeaseStore } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { Ledger, Place } from './ledger.ts';

const OlderLedgerSchema = z.object({ watermark: z.int().nonnegative() });

/**
 * What a version before the boards knew of a mirror: a watermark that was verified at the write port. It says which blobs
 * to look for and nothing of what clients get, so that the mirror is looked through before they are sent there. To be
 * removed with the oldest version that may be upgraded from (docs/decisions/0010-rolling-upgrades.md).
 */
export async function olderLedger(
  objects: ObjectStore,
  mirror: MirrorName,
  place: Place,
): Promise<Ledger | undefined> {
  const older = await new LeaseStore(objects, olderLedgerPrefix(mirror), OlderLedgerSchema).read();
  if (older === undefined || older.value.watermark === 0) return undefined;
  const { watermark, beatAt: since } = older.value;
  return { place, watermark, confirmed: 0, missing: [], health: { state: 'unknown', since } };
}
