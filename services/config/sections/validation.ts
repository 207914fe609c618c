import { z } from 'zod';
import { UrlPatternValue } from '../url-pattern.ts';
import { Switch } from '../values.ts';

const Platform = z.strictObject({
  os: z.string().optional(),
  architecture: z.string().optional(),
  variant: z.string().optional(),
});

const Urls = z.strictObject({
  allow: z.array(UrlPatternValue).default([]),
  deny: z.array(UrlPatternValue).default([]),
});

const Indexes = z
  .strictObject({
    platforms: z
      .preprocess(
        (value) => (typeof value === 'string' ? value.toLowerCase() : value),
        z.enum(['all', 'none', 'list'], 'expected all, none or list'),
      )
      .default('all'),
    platformlist: z.array(Platform).default([]),
  })
  .prefault({});

/**
 * What pushed manifests are checked for: a URL in a manifest may be pushed when `allow` is empty or matches it, and no
 * `deny` does. (Distribution takes no URL at all while `allow` and `deny` are empty; the OCI specification's
 * conformance suite asks for any.) When the section is disabled, everything may.
 */
export const ValidationSection = z
  .strictObject({
    enabled: Switch.optional(),
    disabled: Switch.default(false),
    manifests: z.strictObject({ urls: Urls.prefault({}), indexes: Indexes }).prefault({}),
  })
  .prefault({})
  .transform(({ enabled, disabled, manifests }) => {
    if (!disabled || enabled === true) return { manifests };
    const { indexes } = manifests;
    return {
      manifests: { urls: { allow: [], deny: [] }, indexes: { ...indexes, platforms: 'none' as const } },
    };
  });
