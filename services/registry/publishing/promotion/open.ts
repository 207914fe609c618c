import type { Publication } from '../publication/entry.ts';

/** How long a promotion may wait for mirrors at most. */
export const WAIT_MAX_MS = 24 * 3_600_000;
/** How long it waits unless asked for another time. */
export const WAIT_DEFAULT_MS = 600_000;

/** For the other steps of a promotion, for collections that take hours, and for clocks that differ. */
const MARGIN_MS = 8 * 3_600_000;

/**
 * Whether the promotion that appended an entry may still move its tag. Only the entry's age shows that: the promoting
 * process may die at any moment, and the entry is appended before the wait begins. Until then no tag need name the manifest.
 */
export function mayBeOpen({ time }: Pick<Publication, 'time'>, nowMs: number): boolean {
  return nowMs - Date.parse(time) < WAIT_MAX_MS + MARGIN_MS;
}
