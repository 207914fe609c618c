import type { Handler } from '../http/routes.ts';

const BODY = Buffer.from('{}');

/** `/v2/`: this is a registry that speaks version 2 (end-1). */
export const ping: Handler = (ctx) => {
  ctx.set('Content-Type', 'application/json');
  ctx.body = BODY;
};
