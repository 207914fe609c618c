import { SIGNATURES } from '../sections/auth.ts';
import {
  type Entry,
  honoured,
  noEffect,
  type Origin,
  refused,
  refusedSection,
  row,
  rows,
  switchRow,
  type Verdict,
} from './entry.ts';
import { isDisabled } from './general.ts';

const SILLY = refused(
  'it lets everyone in who sends any Authorization header: expected auth.token or auth.htpasswd, or a registry on ' +
    'a loopback address with neither',
);

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
  row('auth.htpasswd.realm', '2.8, 3', honoured('what clients show when they ask for a password')),
  row(
    'auth.htpasswd.path',
    '2.8, 3',
    honoured(
      'a file of names and bcrypt hashes, read again when it changes; one that is not there is refused, where Distribution makes it',
    ),
  ),
  row('auth.token.realm', '2.8, 3', honoured('where clients get tokens')),
  row(
    'auth.token.service',
    '2.8, 3',
    honoured('what this registry is called there: the audience of its tokens'),
  ),
  row('auth.token.issuer', '2.8, 3', honoured('who has to have issued a token')),
  row(
    'auth.token.rootcertbundle',
    '2.8, 3',
    honoured(
      "certificates, in PEM, of whoever signs tokens; without it and `jwks`, it is our own service's keys",
    ),
  ),
  row('auth.token.jwks', '3', honoured('the keys of whoever signs tokens, as a JSON Web Key Set')),
  row('auth.token.signingalgorithms', '3', honoured('the only algorithms that are taken'), {
    standard: `[${SIGNATURES.join(', ')}]`,
  }),
  switchRow('auth.token.autoredirect', '2.8, 3', {
    on: 'the realm is this registry, as the client called it',
    off: 'the realm is auth.token.realm',
    standard: 'false',
  }),
  row('auth.token.autoredirectpath', '3', honoured('the path of that realm'), { standard: '/auth/token' }),
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
