import type { Context } from './context.ts';

/** Answers with a status and no body; left to itself Koa would send the status' name as text. */
export function answerEmpty(ctx: Context, status: number): void {
  ctx.body = null;
  ctx.status = status;
  // Koa cannot know that nothing more will come.
  if (status !== 204 && status !== 304) ctx.set('Content-Length', '0');
}
