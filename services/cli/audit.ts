import type { Audit } from '../registry/audit/audit.ts';
import type { AuditChange } from '../registry/audit/entry.ts';
import { ACTOR } from './actor.ts';

/** Records what a command is about to change, and that its operating system user does so. Await it before the change. */
export async function recordLocal(audit: Audit, change: AuditChange): Promise<void> {
  if (audit.isOn) await audit.record({ ...change, actor: { kind: 'local', name: `local:${ACTOR}` } });
}
