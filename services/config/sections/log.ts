import { z } from 'zod';
import { Switch, Text } from '../values.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A level, in any case. Distribution refuses Logrus' other levels (`fatal`, `panic`, `warning`), too. */
export const Level = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(LEVELS, `expected one of ${LEVELS.join(', ')}`),
);

export const LogSection = z
  .strictObject({
    /** Undefined only until the deprecated `loglevel` was looked at: see `schema.ts`. */
    level: Level.optional(),
    formatter: z.enum(['json', 'text', 'logstash']).default('json'),
    fields: z.record(z.string(), Text).default({}),
    accesslog: z.strictObject({ disabled: Switch.default(false) }).prefault({}),
    reportcaller: Switch.optional(),
    hooks: z.array(z.undefined()).optional(),
  })
  .prefault({});
