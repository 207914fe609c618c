import type { Audit } from '../registry/audit/audit.ts';
import type { AuditChange } from '../registry/audit/entry.ts';
import type { Context } from './context.ts';

/**
 * Records what a request is about to change, and by whom, from where and by which rule. Await it before the change can be
 * seen. Throws UNRECORDED when the record cannot be written; the change must not be made then.
 */
export async function recordChange(audit: Audit, ctx: Context, change: AuditChange): Promise<void> {
  if (!audit.isOn) return;
  const { principal, clientAddress, requestId, rule } = ctx.state;
  await audit.record({
    ...change,
    actor: { kind: principal.kind, name: principal.name },
    address: clientAddress,
    requestId,
    rule,
  });
}
