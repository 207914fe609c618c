import { z } from 'zod';
import { Delay, Duration } from '../duration.ts';
import { Count, Switch } from '../values.ts';

/** Ours: garbage is collected by the sync process while pushes go on. */
export const GarbageCollectionSection = z
  .strictObject({
    enabled: Switch.default(false),
    interval: Delay.prefault('24h'),
    grace: Duration.prefault('24h'),
    quarantine: Duration.prefault('72h'),
    deleteuntagged: Switch.default(false),
    requestspersecond: Count(1, 100_000).optional(),
  })
  .prefault({});
