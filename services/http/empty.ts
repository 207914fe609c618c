import type { Context } from './context.ts';

/** Answers with a status and no body; Koa's default body would be the status text. */
export function answerEmpty(ctx: Context, status: number): void {
  ctx.body = null;
  ctx.status = status;
  // Koa leaves the length open.
  if (status !== 204 && status !== 304) ctx.set('Content-Length', '0');
}
