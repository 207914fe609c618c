import type { Context } from './context.ts';

/** Limit for all warnings of an answer together (specification, "Warnings"). */
const WARNINGS_MAX_BYTES = 4096;
/** Characters that a quoted string cannot hold. */
const NOT_PLAIN = /[^\x20-\x7e]/g;

/**
 * Adds a `Warning: 299 - "text"` to a successful answer, for the person at the client (specification, "Warnings"). Text
 * beyond the limit is cut or left out.
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
