import { verifyAudit } from '../audit/verify.ts';
import { auditRecordKey } from '../storage/layout.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

/** The audit record: its chain has no gap, and every record is as it was written. */
export async function* checkAudit({ reader, sealer }: Scope): AsyncGenerator<Finding> {
  const { faults, records } = await verifyAudit(reader.objects, { sealer });
  reader.objectsRead += records;
  for (const { kind, seq, message, key } of faults)
    yield key === undefined
      ? finding(kind === 'removed' ? 'audit-gap' : 'audit-broken', { key: auditRecordKey(seq), seq }, message)
      : strayFinding(key);
}
