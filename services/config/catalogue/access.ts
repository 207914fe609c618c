import {
  type Entry,
  honoured,
  noEffect,
  type Origin,
  refused,
  refusedSection,
  row,
  rows,
  type Verdict,
} from './entry.ts';
import { isDisabled } from './general.ts';

const INSTEAD =
  'remove the section, listen on a loopback address, and have a proxy before it ask for credentials (http.trustedproxies)';
const TOKEN = refused(`tokens are not in this version yet: ${INSTEAD}`);
const HTPASSWD = refused(`users and passwords are not in this version yet: ${INSTEAD}`);
const SILLY = refused(`it lets everyone in who sends any Authorization header: ${INSTEAD}`);

const MIRROR = 'name the server as a mirror instead, in a section "mirrors" (with "promotion" beside it)';
const STORAGE_MIDDLEWARES: Readonly<Record<string, Verdict>> = {
  redirect: refused(`clients are sent only to servers that are known to hold a blob: ${MIRROR}`),
  cloudfront: refused(`URLs are not signed for CloudFront: ${MIRROR}`),
  alicdn: refused(`URLs are not signed for Alibaba's CDN: ${MIRROR}`),
  cdnhmac: refused(`URLs are not signed for a CDN: ${MIRROR}`),
  rewrite: refused(`the store gives no URLs that could be rewritten: ${MIRROR}`),
};
const ANY_STORAGE = refused(`there is no such middleware here: ${MIRROR}`);
const ANY_OTHER = refused('code of others cannot be put into this registry: remove the entry, or disable it');
const OFF = noEffect('disabled, as the file says');

/** `middleware.<hook>.*` and what an entry may hold. */
function hook(name: string, verdict: Verdict, decide: (name: unknown) => Verdict | undefined): Entry[] {
  const section = `middleware.${name}.*`;
  return [
    row(section, '2.8, 3', verdict, {
      note: 'no effect when disabled',
      decide(value) {
        if (isDisabled(value)) return OFF;
        return typeof value === 'object' && value !== null
          ? decide((value as { name?: unknown }).name)
          : undefined;
      },
    }),
    ...rows(section, '2.8, 3', verdict, name === 'storage' ? 'name disabled' : 'name disabled options'),
  ];
}

/** Options of storage middlewares: they are refused with the entry, by its name. */
function options(of: string, from: Origin, keys: string): Entry[] {
  return rows('middleware.storage.*.options', from, refused(`for ${of}: see there`), keys);
}

export const ACCESS: readonly Entry[] = [
  row('auth.none', '2.8, 3', honoured('nobody is asked for credentials, as without the section')),
  ...refusedSection('auth.silly', '2.8, 3', SILLY, 'realm service'),
  ...refusedSection('auth.htpasswd', '2.8, 3', HTPASSWD, 'realm path'),
  ...refusedSection('auth.token', '2.8, 3', TOKEN, 'realm service issuer rootcertbundle autoredirect'),
  ...rows('auth.token', '3', TOKEN, 'autoredirectpath signingalgorithms jwks'),
  ...hook('registry', ANY_OTHER, () => undefined),
  ...hook('repository', ANY_OTHER, () => undefined),
  ...hook('storage', ANY_STORAGE, (name) => STORAGE_MIDDLEWARES[String(name)]),
  ...options('redirect, cloudfront and alicdn', '2.8, 3', 'baseurl'),
  ...options('cloudfront and alicdn', '2.8, 3', 'privatekey duration'),
  ...options('cloudfront', '2.8, 3', 'keypairid ipfilteredby awsregion updatefrequency iprangesurl'),
  ...options('alicdn', '2.8', 'authtype'),
  ...options('rewrite', '3', 'scheme host trimpathprefix'),
  ...options('cdnhmac', '3', 'secret secretfile param'),
];
