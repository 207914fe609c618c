/** A mirror that asks for more is tried again after this time. */
const MAX_MS = 60 * 60_000;

/** How long a `Retry-After` asks to wait, given in seconds or as a date; undefined if it is absent or malformed. */
export function retryAfterMs(header: string | readonly string[] | undefined): number | undefined {
  const text = String(header ?? '').trim();
  if (text === '') return undefined;
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), MAX_MS);
}
