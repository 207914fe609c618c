import { stringify } from 'yaml';
import type { z } from 'zod';
import { CATALOGUE, type Entry, layersOf } from '../../services/config/catalogue.ts';
import { type About, factsOf } from '../../services/config/key.ts';
import { shown } from '../../services/config/redact.ts';

type Tree = Record<string, unknown>;

/** A valid value for a key, and not its default: its example, or one that follows from its type. */
export function sampleOf({ key, type, example, default: standard }: Entry): unknown {
  if (example !== undefined) return example;
  if (shown(placeOf(key), 'a') === '(not shown)' && kindOf(type) === 'string') return 'hunter2';
  return exampleFor(type, standard);
}

function kindOf(type: z.core.$ZodType): string {
  const inner = layersOf(type).at(-1)?._zod.def as unknown as { type: string; options?: z.core.$ZodType[] };
  return inner.type === 'union' && inner.options?.[0] ? kindOf(inner.options[0]) : inner.type;
}

function exampleFor(type: z.core.$ZodType, standard: unknown): unknown {
  const inner = layersOf(type).at(-1) as z.core.$ZodType;
  const def = inner._zod.def as unknown as {
    element?: z.core.$ZodType;
    entries?: Record<string, unknown>;
  };
  switch (kindOf(type)) {
    case 'boolean':
      return standard !== true;
    case 'enum':
      return Object.values(def.entries ?? {}).findLast((value) => value !== standard);
    case 'number':
      return typeof standard === 'number' ? standard + 1 : 3;
    case 'array': {
      const element = def.element as z.core.$ZodType;
      const facts = Object.assign({}, ...layersOf(element).toReversed().map(factsOf)) as About;
      return [facts.example ?? exampleFor(element, undefined)];
    }
    default:
      return 'other';
  }
}

/** A sample for every key that may be used. */
export const SAMPLES: Readonly<Record<string, unknown>> = Object.fromEntries(
  usable(CATALOGUE).map((entry) => [entry.key, sampleOf(entry)]),
);

/** Entries of keys that may be used, without sections. */
export function usable(entries: readonly Entry[]): Entry[] {
  return entries.filter(
    ({ key, verdict }) =>
      verdict.kind !== 'refused' && !entries.some((other) => other.key.startsWith(`${key}.`)),
  );
}

export const USABLE = usable(CATALOGUE);

/** The smallest file around a key, with what it needs. */
export function aroundOf(key: string): Tree {
  const tree: Tree = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: '/srv/registry' } },
    http: { addr: '127.0.0.1:5000' },
  };
  const http = tree['http'] as Tree;
  if (key.startsWith('storage.s3.')) tree['storage'] = { s3: s3Around(key) };
  if (key.startsWith('storage.swift.')) tree['storage'] = { swift: swiftAround(key) };
  if (key.startsWith('proxy.')) tree['proxy'] = { remoteurl: 'https://registry.example.org' };
  if (key.startsWith('http.tls.') && !key.includes('letsencrypt')) http['tls'] = tlsAround();
  if (key.startsWith('http.debug.'))
    http['debug'] = { addr: '127.0.0.1:5001', ...(key.includes('.tls.') && { tls: tlsAround() }) };
  if (key.startsWith('notifications.endpoints.'))
    tree['notifications'] = { endpoints: [{ name: 'hook', url: 'https://hook.example.net/' }] };
  if (key.startsWith('promotion.') || key.startsWith('mirrors.'))
    tree['promotion'] = {
      http: { addr: '127.0.0.1:5002', ...(key.includes('.tls.') && { tls: tlsAround() }) },
    };
  if (key === 'audit.oldsecretsuntil') http['oldsecrets'] = ['hunter3'.repeat(5)];
  Object.assign(tree, peopleAround(key));
  const redis = redisAround(key);
  if (redis) tree['redis'] = redis;
  if (!key.startsWith('mirrors.')) return tree;
  http['host'] = 'https://registry.example.org';
  const isDirectory = /directory|serve/.test(key);
  const certificate = /write\.client/.test(key) && { clientcertificate: '/c.pem', clientkey: '/k.pem' };
  const write = isDirectory
    ? { directory: '/m' }
    : { webdav: 'https://one.example.net:8081', ...certificate };
  tree['mirrors'] = [{ name: 'one', url: 'https://one.example.net', write }];
  return tree;
}

function tlsAround(): Tree {
  return { certificate: '/c.pem', key: '/k.pem', clientcas: ['/a.pem'] };
}

const htpasswd = (): Tree => ({ htpasswd: { realm: 'Registry', path: '/htpasswd' } });
const TOKEN = { realm: 'https://registry.example.org/auth/token', service: 'registry', issuer: 'us' };

/** What a key needs that is about users and rules, or that lets other machines reach the registry. */
function peopleAround(key: string): Tree {
  if (/^(http\.(host|trustedproxies)$|mirrors\.)/.test(key)) return { auth: { none: {} } };
  if (key.startsWith('auth.htpasswd.')) return { auth: htpasswd() };
  if (key.startsWith('auth.token.')) return { auth: { token: { ...TOKEN, rootcertbundle: '/bundle.pem' } } };
  if (key === 'access.groups.*') {
    const rules = [{ name: 'one', allow: ['push'], subjects: ['group:x-name'] }];
    return { auth: htpasswd(), access: { rules } };
  }
  if (/^access\.(rules\.|standard)/.test(key)) {
    const effect = key.endsWith('.deny') ? { deny: ['push'] } : { allow: ['push'] };
    return { auth: htpasswd(), access: { rules: [{ name: 'one', ...effect, subjects: ['user:bob'] }] } };
  }
  if (key.startsWith('access.')) return { auth: htpasswd() };
  if (!/^(token|accounts)\./.test(key)) return {};
  const http = { addr: '127.0.0.1:5000', secret: 'hunter3'.repeat(5) };
  const accounts = accountsAround(key);
  const pair = key === 'token.key' && { certificate: '/token.pem' };
  const own = key.includes('.http.') && {
    http: { addr: '127.0.0.1:5003', ...(key.includes('.tls.') && { tls: tlsAround() }) },
  };
  return { http, auth: { token: TOKEN }, token: { ...own, ...pair }, ...(accounts && { accounts }) };
}

function accountsAround(key: string): Tree[] | undefined {
  if (key.includes('.keystone.')) {
    const isCredential = key.includes('.applicationcredential');
    const credential = isCredential && {
      applicationcredentialid: 'id',
      applicationcredentialsecret: 'hunter3',
    };
    return [{ keystone: { authurl: 'https://keystone.example.net/v3', ...credential } }];
  }
  if (key.includes('.htpasswd.')) return [{ htpasswd: { path: '/htpasswd' } }];
  if (key.includes('.oidc.')) return [{ oidc: { issuer: 'https://id.example.net', clientid: 'registry' } }];
  return undefined;
}

/** What a key of S3 needs. */
function s3Around(key: string): Tree {
  const encrypt = key === 'storage.s3.keyid' && { encrypt: true };
  const credentials = { accesskey: 'someone', secretkey: 'hunter3' };
  return { region: 'eu-north-1', bucket: 'images', ...credentials, ...encrypt };
}

/** What a key of Swift needs. */
function swiftAround(key: string): Tree {
  const isCredential = key.startsWith('storage.swift.applicationcredential');
  return {
    ...{ authurl: 'https://swift.example.net/auth/v1.0', container: 'images' },
    ...{ username: 'someone', password: 'hunter3' },
    ...(isCredential && { applicationcredentialsecret: 'hunter3' }),
    ...(key.endsWith('secret') && { applicationcredentialid: 'one' }),
    ...(key === 'storage.swift.rootdirectory' && { prefix: 'a' }),
  };
}

/** What a key of Redis needs, in the shape of the key. */
function redisAround(key: string): Tree | undefined {
  const entry = CATALOGUE.find((each) => each.key === key);
  if (!key.startsWith('redis.') || /addrs?$/.test(key)) return undefined;
  if (entry?.from !== '3') return { addr: 'redis:6379' };
  const isOfSentinel = /sentinel/.test(key);
  const tls = key.startsWith('redis.tls.') && { tls: { certificate: '/c.pem', key: '/k.pem' } };
  return { addrs: ['redis:6379'], ...(isOfSentinel && { mastername: 'other' }), ...tls };
}

/** The path of a key in a file that has one entry in each list. */
export function placeOf(key: string): string {
  return key.replace(/^(log\.fields|access\.groups|.*headers)\.\*$/, '$1.x-name').replaceAll('*', '0');
}

/** YAML of a file around a key, with the key set to a value. */
export function withKey(key: string, value: unknown): string {
  const tree = aroundOf(key);
  const parts = placeOf(key).split('.');
  let at = tree;
  for (const [i, part] of parts.slice(0, -1).entries()) {
    at[part] ??= /^\d+$/.test(parts[i + 1] ?? '') ? [] : {};
    at = at[part] as Tree;
  }
  at[parts.at(-1) ?? ''] = value;
  return stringify(tree);
}
