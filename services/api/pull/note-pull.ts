import type { RouteContext } from '../../http/context.ts';
import { requestInfoOf } from '../../http/request-info.ts';
import type { Pull } from '../../registry/notifications/notifier.ts';
import type { ApiNode } from '../node.ts';

/** Notes a pull, here or where the client was redirected to, for notifications; HEADs count, as in Distribution. */
export function notePull({ notifier, baseUrlOf }: ApiNode, ctx: RouteContext, pull: Pull): void {
  if (notifier.wantsPulls) notifier.pulled(pull, requestInfoOf(ctx, baseUrlOf(ctx)));
}
