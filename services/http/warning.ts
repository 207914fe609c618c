import type { Context } from './context.ts';

/** All warnings of an answer together may weigh so much (specification, "Warnings"). */
const WARNINGS_MAX_BYTES = 4096;
/** What may stand in a quoted string; anything else of ours or of the client's is left out. */
const NOT_PLAIN = /[^\x20-\x7e]/g;

/**
 * Adds a `Warning: 299 - "text"` to an answer: what the person at the client should know, although the request is
 * done (specification, "Warnings"). What would weigh too much is cut or left out.
 */
export function warn(ctx: Context, text: string): void {
  const before = [ctx.response.get('Warning') || []].flat();
  const usedBytes = before.reduce((sum, value) => sum + value.length + 'Warning: \r\n'.length, 0);
  const roomBytes = WARNINGS_MAX_BYTES - usedBytes - 'Warning: 299 - ""\r\n'.length;
  const plain = text.replaceAll(NOT_PLAIN, ' ').replaceAll(/["\\]/g, "'");
  if (roomBytes < 40) return;
  ctx.append(
    'Warning',
    `299 - "${plain.length > roomBytes ? `${plain.slice(0, roomBytes - 3)}...` : plain}"`,
  );
}
