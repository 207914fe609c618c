import { z } from 'zod';
import { Duration } from '../duration.ts';
import { Count, Switch } from '../values.ts';

/** Sections that are understood and checked, and change nothing: `config check` and the log say why. */

export const HealthSection = z
  .strictObject({
    storagedriver: z
      .strictObject({
        enabled: Switch.optional(),
        interval: Duration.optional(),
        threshold: Count(0, 1_000_000).optional(),
      })
      .optional(),
    file: z.array(z.undefined()).optional(),
    http: z.array(z.undefined()).optional(),
    tcp: z.array(z.undefined()).optional(),
  })
  .optional();

export const ReportingSection = z
  .strictObject({
    bugsnag: z
      .strictObject({
        apikey: z.string().optional(),
        releasestage: z.string().optional(),
        endpoint: z.string().optional(),
      })
      .optional(),
    newrelic: z
      .strictObject({
        licensekey: z.string().optional(),
        name: z.string().optional(),
        verbose: Switch.optional(),
      })
      .optional(),
  })
  .optional();

export const CompatibilitySection = z
  .strictObject({
    schema1: z.strictObject({ signingkeyfile: z.string().optional(), enabled: Switch.optional() }).optional(),
  })
  .optional();
