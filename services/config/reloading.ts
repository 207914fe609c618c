/**
 * Every key that does something is below exactly one of these (`test/reload/classes.test.ts`): a new key needs a place here,
 * and the code that takes it over.
 */

/** What a running process takes over when it reloads. */
export const RELOADED = [
  'log.level',
  'loglevel',
  'log.accesslog',
  'catalog.maxentries',
  'tags.maxtags',
  'storage.delete.enabled',
  'storage.redirect.disable',
  'storage.tag.concurrencylimit',
  'storage.maintenance.uploadpurging',
  'http.prefix',
  'http.host',
  'http.relativeurls',
  'http.draintimeout',
  'http.idletimeout',
  'http.headers',
  'http.trustedproxies',
  'http.forwardedheader',
  'auth.htpasswd.realm',
  'auth.htpasswd.path',
  'auth.token.realm',
  'auth.token.service',
  'auth.token.issuer',
  'auth.token.rootcertbundle',
  'auth.token.jwks',
  'auth.token.signingalgorithms',
  'auth.token.autoredirect',
  'auth.token.autoredirectpath',
  'notifications',
  'validation',
  'token.algorithm',
  'token.key',
  'token.certificate',
  'token.lifetime',
  'token.keylifetime',
  'token.refreshlifetime',
  'token.services',
  'accounts',
  'access.groups',
  'access.standard',
  'access.rules',
  'limits.connections',
  'limits.connectionsperclient',
  'limits.minimumrate',
  'limits.requestspersecond',
  'limits.logins',
  'limits.manifests',
  'limits.deletedtags',
  'limits.trustednetworks',
  'garbagecollection',
  'promotion.candidates',
  'promotion.stable',
  'mirrors',
  'sync',
] as const;
export type ReloadedKey = (typeof RELOADED)[number];

/** What only a start takes over: ports, stores, secrets, and what outlives every configuration. */
export const AT_START = [
  'version',
  'log.formatter',
  'log.fields',
  'storage.filesystem',
  'storage.s3',
  'storage.swift',
  'storage.maintenance.readonly',
  'http.addr',
  'http.net',
  'http.secret',
  'http.oldsecrets',
  'http.http2',
  'http.debug',
  'http.plain',
  'http.tls',
  'auth.none',
  'redis',
  'reporting',
  'compatibility',
  'token.http',
  'promotion.http',
  'audit',
] as const;

/**
 * Sections that only a start adds or removes, whole: they open a port, or decide whether clients need credentials. Taken over
 * without the rest of an edit, they might open what the file closes.
 */
export const ADDED_AT_START = ['auth.htpasswd', 'auth.token', 'token', 'promotion'] as const;
