import { answerEmpty } from '../http/empty.ts';
import type { Handler } from '../http/routes.ts';
import type { ApiNode } from './node.ts';

const BODY = Buffer.from('{}');

/** `/v2/`: this is a registry that speaks version 2 (end-1). */
export const ping: Handler = (ctx) => {
  ctx.set('Content-Type', 'application/json');
  ctx.body = BODY;
};

/** `/v2`: leads to `/v2/`, as in Distribution. */
export function pingWithSlash({ urlOf }: Pick<ApiNode, 'urlOf'>): Handler {
  return (ctx) => {
    ctx.set('Location', urlOf(ctx, '/v2/'));
    answerEmpty(ctx, 301);
  };
}
