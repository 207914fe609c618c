import type { Cause } from './cause.ts';
import { FIRST } from './first-round.ts';
import { LATER_ROUNDS } from './later-rounds.ts';

/** What is made to happen, round by round; the causes of a round at the same time. */
export const ROUNDS: readonly (readonly Cause[])[] = [FIRST, ...LATER_ROUNDS];
