import type { Audit } from '../registry/audit/audit.ts';
import type { AuditChange } from '../registry/audit/entry.ts';
import { actor } from './actor.ts';

/** Records what a command is about to change, as the user of the operating system who runs it. To be awaited before. */
export async function recordLocal(audit: Audit, change: AuditChange): Promise<void> {
  if (audit.isOn) await audit.record({ ...change, actor: { kind: 'local', name: `local:${actor()}` } });
}
