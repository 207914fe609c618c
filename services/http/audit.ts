import type { Audit } from '../registry/audit/audit.ts';
import type { AuditChange } from '../registry/audit/entry.ts';
import type { Context } from './context.ts';

/**
 * Records what a request is about to change, with its principal, address and rule. To be awaited before any of the change
 * can be seen; throws UNRECORDED when the record cannot be written, and then the change must not be made.
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
