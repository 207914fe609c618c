import type { Audit } from '../registry/audit/audit.ts';
import type { Notifier } from '../registry/notifications/notifier.ts';
import type { Requester } from '../registry/notifications/requester.ts';
import { recordChange } from './audit.ts';
import type { Context } from './context.ts';
import { requestInfoOf } from './request-info.ts';

/** What a process records changes in, and notifies of them with. */
interface ChangeLogs {
  readonly audit: Audit;
  readonly notifier: Notifier;
  /** This registry's URL as the client of a request sees it, without trailing slash. */
  readonly baseUrlOf: (ctx: Context) => string;
}

/** The {@link Requester} of what a request changes. `actor` is the name in notifications, if not the principal's. */
export function requesterOf(
  { audit, notifier, baseUrlOf }: ChangeLogs,
  ctx: Context,
  actor?: string,
): Requester {
  return {
    record: (change) => recordChange(audit, ctx, change),
    async notify(events) {
      if (notifier.wantsChanges) await notifier.changed(events, requestInfoOf(ctx, baseUrlOf(ctx), actor));
    },
  };
}
