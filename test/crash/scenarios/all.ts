import type { Scenario } from '../scenario.ts';
import { BLOBS } from './blobs.ts';
import { MANIFESTS } from './manifests.ts';
import { NOTIFICATIONS } from './notifications.ts';
import { OPERATIONS } from './operations.ts';
import { PROMOTIONS } from './promotions.ts';

/** Every story. */
export const SCENARIOS: readonly Scenario[] = [
  ...BLOBS,
  ...MANIFESTS,
  ...PROMOTIONS,
  ...NOTIFICATIONS,
  ...OPERATIONS,
];
