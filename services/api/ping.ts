import type { RouteContext } from '../http/context.ts';
import { answerEmpty } from '../http/empty.ts';
import type { ApiNode } from './node.ts';

const BODY = Buffer.from('{}');

/** `/v2/`: this is a registry that speaks version 2 (end-1). */
export function ping(_node: ApiNode, ctx: RouteContext): void {
  ctx.set('Content-Type', 'application/json');
  ctx.body = BODY;
}

/** `/v2`: leads to `/v2/`, as in Distribution. */
export function pingWithSlash({ urlOf }: ApiNode, ctx: RouteContext): void {
  ctx.set('Location', urlOf(ctx, '/v2/'));
  answerEmpty(ctx, 301);
}
