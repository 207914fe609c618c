import type { Scenario } from '../scenario.ts';
import { AUDITED } from './audited.ts';
import { BLOBS } from './blobs.ts';
import { COLLECTION_RACES } from './collection-races.ts';
import { COLLECTIONS } from './collections.ts';
import { CREDENTIALS } from './credentials.ts';
import { MANIFESTS } from './manifests.ts';
import { NOTIFICATIONS } from './notifications.ts';
import { OPERATIONS } from './operations.ts';
import { PROMOTIONS } from './promotions.ts';
import { PURGES } from './purges.ts';
import { TOKEN_KEYS } from './token-keys.ts';

/** Every story. */
export const SCENARIOS: readonly Scenario[] = [
  ...BLOBS,
  ...MANIFESTS,
  ...PROMOTIONS,
  ...NOTIFICATIONS,
  ...OPERATIONS,
  ...COLLECTIONS,
  ...COLLECTION_RACES,
  ...PURGES,
  ...TOKEN_KEYS,
  ...AUDITED,
  ...CREDENTIALS,
];
