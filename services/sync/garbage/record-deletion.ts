import type { Audit } from '../../registry/audit/audit.ts';
import { firstDigests } from '../../registry/audit/digests.ts';
import type { ToDelete } from '../../registry/garbage/online/context.ts';

/** One entry per cycle: no client asked for these deletions, and the changes that led to them are recorded already. */
export async function recordDeletion(audit: Audit, { lists, blobs, digests }: ToDelete): Promise<void> {
  if (!audit.isOn) return;
  await audit.record({
    action: 'garbage.delete',
    actor: { kind: 'system', name: 'garbage-collection' },
    details: { blobs, lists, digests: firstDigests(digests) },
  });
}
