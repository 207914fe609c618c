import { ACCESS } from './access.ts';
import type { Entry } from './entry.ts';
import { GENERAL } from './general.ts';
import { HTTP } from './http.ts';
import { LIMITS } from './limits.ts';
import { NOTIFICATIONS } from './notifications.ts';
import { OURS } from './ours.ts';
import { PEOPLE } from './people.ts';
import { POLICY } from './policy.ts';
import { REDIS_KEYS } from './redis.ts';
import { STORAGE } from './storage.ts';

/**
 * Every key that Distribution 2.8 and 3 know, and every one of ours, with what it does here: what `config check`
 * tells, what is refused, and the table of docs/configuration.md. Sources: configuration/configuration.go and the
 * drivers' parameters in both of Distribution's branches.
 */
export const CATALOGUE: readonly Entry[] = [
  ...GENERAL,
  ...STORAGE,
  ...HTTP,
  ...ACCESS,
  ...NOTIFICATIONS,
  ...REDIS_KEYS,
  ...POLICY,
  ...PEOPLE,
  ...LIMITS,
  ...OURS,
];
