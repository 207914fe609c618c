import { z } from 'zod';
import { type About, optionalSection, refused, type Verdict } from '../key.ts';
import { isDisabled } from '../switch.ts';

const OTHER = 'third-party code cannot be plugged into this registry: remove the entry, or disable it';
const MIRROR = 'name the server as a mirror instead, in a section "mirrors" (with a section "promotion")';
const STORAGE: Readonly<Record<string, string>> = {
  redirect: `clients are sent only to servers that are known to hold a blob: ${MIRROR}`,
  cloudfront: `URLs are not signed for CloudFront: ${MIRROR}`,
  alicdn: `URLs are not signed for Alibaba's CDN: ${MIRROR}`,
  cdnhmac: `URLs are not signed for a CDN: ${MIRROR}`,
  rewrite: `the store's URLs cannot be rewritten: ${MIRROR}`,
};

/** A list of middlewares: refused, with the reason by name, unless disabled. */
function hook(text: string, below: About['below'], texts: typeof STORAGE = {}) {
  const entry = refused(text, {
    note: 'no effect when disabled',
    below: { '2.8, 3': 'name disabled options', ...below },
    decide(value): Verdict | undefined {
      if (isDisabled(value)) return { kind: 'no effect', text: 'disabled in the file' };
      const { name } = Object(value) as { name?: unknown };
      const why = typeof name === 'string' ? texts[name] : undefined;
      return why === undefined ? undefined : { kind: 'refused', text: why };
    },
  });
  return z.array(entry).optional();
}

export const MiddlewareSection = optionalSection({
  registry: hook(OTHER, {}),
  repository: hook(OTHER, {}),
  storage: hook(
    `this middleware does not exist here: ${MIRROR}`,
    {
      '2.8, 3':
        'name disabled options.baseurl options.privatekey options.duration options.keypairid ' +
        'options.ipfilteredby options.awsregion options.updatefrequency options.iprangesurl',
      '2.8': 'options.authtype',
      '3': 'options.scheme options.host options.trimpathprefix options.secret options.secretfile options.param',
    },
    STORAGE,
  ),
});
