import type { Scenario } from '../../crash/scenario.ts';
import { SCENARIOS as OF_DEATHS } from '../../crash/scenarios/all.ts';
import { BLOBS } from './blobs.ts';
import { OPERATIONS } from './operations.ts';
import { PROMOTIONS } from './promotions.ts';
import { TAGS } from './tags.ts';

/** Stories in which a step takes back what one before it did: a late request would undo the later step. */
export const SUCCESSIONS: readonly Scenario[] = [...TAGS, ...BLOBS, ...PROMOTIONS, ...OPERATIONS];

/** Every story: those, and those in which processes die. */
export const SCENARIOS: readonly Scenario[] = [...SUCCESSIONS, ...OF_DEATHS];
