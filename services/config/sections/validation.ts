import { z } from 'zod';
import { honoured, section } from '../key.ts';
import { onOff } from '../switch.ts';
import { UrlPatternValue } from '../url-pattern.ts';

const Platforms = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(['all', 'none', 'list'], 'expected all, none or list'),
);
const Word = z.string().optional();
const LISTED = 'a platform of the list';
const Patterns = z.array(UrlPatternValue).default([]);

/**
 * Checks of pushed manifests. Unlike in Distribution, an empty `allow` allows every URL: the OCI specification's
 * conformance suite requires that.
 */
export const ValidationSection = section({
  enabled: onOff(
    'the section is in force, whatever validation.disabled says',
    'only validation.disabled decides',
  ).optional(),
  disabled: onOff('this section is not checked', 'the section is in force').default(false),
  manifests: section({
    urls: section({
      allow: honoured(
        Patterns,
        'each URL in a pushed manifest must match one of these; an empty list allows any (in Distribution, none)',
      ),
      deny: honoured(Patterns, 'manifests with a URL that matches one of these are refused'),
    }),
    indexes: section({
      platforms: honoured(
        Platforms.default('all'),
        'which images of a pushed index must already be stored: all, none, or those of the list',
        { from: '3' },
      ),
      platformlist: z
        .array(
          z.strictObject({
            os: honoured(Word, LISTED, { from: '3' }),
            architecture: honoured(Word, LISTED, { from: '3' }),
            variant: honoured(Word, 'narrows the platform', { from: 'ours' }),
          }),
        )
        .default([]),
    }),
  }),
}).transform(({ enabled, disabled, manifests }) => {
  if (!disabled || enabled === true) return { manifests };
  const { indexes } = manifests;
  return {
    manifests: { urls: { allow: [], deny: [] }, indexes: { ...indexes, platforms: 'none' as const } },
  };
});
