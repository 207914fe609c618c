import { stringify } from 'yaml';
import { CATALOGUE } from '../../services/config/catalogue/catalogue.ts';

type Tree = Record<string, unknown>;

/** A value for every key that may stand in a file that is used, and is not the key's default. */
export const SAMPLES: Readonly<Record<string, unknown>> = {
  version: 0.1,
  ...{ 'log.level': 'error', 'log.formatter': 'text', 'log.fields.*': 'registry', 'log.reportcaller': true },
  ...{ 'log.accesslog.disabled': true, loglevel: 'debug', 'catalog.maxentries': 5, 'tags.maxtags': 6 },
  'storage.filesystem.rootdirectory': '/other',
  ...{
    'storage.filesystem.maxthreads': 50,
    'storage.filesystem.sync': false,
    'storage.filesystem.calltimeout': '2m',
    'storage.delete.enabled': true,
  },
  ...{ 'storage.s3.bucket': 'other', 'storage.s3.region': 'eu-west-3', 'storage.s3.rootdirectory': '/a/b' },
  ...{ 'storage.s3.regionendpoint': 'https://s3.example.net', 'storage.s3.redirectendpoint': 'cdn:9000' },
  ...{ 'storage.s3.accesskey': 'hunter2', 'storage.s3.secretkey': 'hunter2' },
  ...{ 'storage.s3.sessiontoken': 'hunter2', 'storage.s3.forcepathstyle': true, 'storage.s3.secure': false },
  ...{ 'storage.s3.skipverify': true, 'storage.s3.v4auth': true, 'storage.s3.chunksize': 6_000_000 },
  ...{ 'storage.s3.multipartcopychunksize': 6_000_000, 'storage.s3.multipartcopymaxconcurrency': 5 },
  ...{ 'storage.s3.multipartcopythresholdsize': 0, 'storage.s3.encrypt': true, 'storage.s3.keyid': 'a' },
  ...{ 'storage.s3.storageclass': 'STANDARD_IA', 'storage.s3.objectacl': 'bucket-owner-full-control' },
  ...{ 'storage.s3.useragent': 'a', 'storage.s3.usedualstack': true, 'storage.s3.usefipsendpoint': true },
  ...{ 'storage.s3.accelerate': true, 'storage.s3.loglevel': 'debug' },
  ...{ 'storage.swift.authurl': 'https://keystone.example.net/v3', 'storage.swift.authversion': 3 },
  ...{ 'storage.swift.username': 'other', 'storage.swift.password': 'hunter2', 'storage.swift.trustid': 'a' },
  ...{ 'storage.swift.tenant': 'other', 'storage.swift.tenantid': 'a', 'storage.swift.domain': 'other' },
  ...{
    'storage.swift.domainid': 'a',
    'storage.swift.tenantdomain': 'b',
    'storage.swift.tenantdomainid': 'c',
  },
  ...{ 'storage.swift.applicationcredentialid': 'a', 'storage.swift.applicationcredentialname': 'b' },
  ...{ 'storage.swift.applicationcredentialsecret': 'hunter2', 'storage.swift.region': 'two' },
  ...{
    'storage.swift.endpointtype': 'internal',
    'storage.swift.storageurl': 'https://swift.example.net/v1/a',
  },
  ...{ 'storage.swift.publicendpoint': 'https://cdn.example.net', 'storage.swift.container': 'other' },
  ...{
    'storage.swift.prefix': 'a/b',
    'storage.swift.rootdirectory': 'a',
    'storage.swift.chunksize': 6_000_000,
  },
  ...{ 'storage.swift.insecureskipverify': true, 'storage.swift.secretkey': 'hunter2' },
  ...{ 'storage.swift.accesskey': '', 'storage.swift.tempurlcontainerkey': true },
  'storage.swift.tempurlmethods': ['GET'],
  ...{ 'storage.redirect.disable': true, 'storage.tag.concurrencylimit': 3 },
  ...{ 'storage.cache.blobdescriptor': 'inmemory', 'storage.cache.layerinfo': 'redis' },
  'storage.cache.blobdescriptorsize': 0,
  ...{ 'storage.maintenance.uploadpurging.enabled': false, 'storage.maintenance.uploadpurging.age': '20h' },
  ...{ 'storage.maintenance.uploadpurging.interval': '2h', 'storage.maintenance.uploadpurging.dryrun': true },
  'storage.maintenance.readonly.enabled': true,
  ...{ 'http.addr': '127.0.0.1:6000', 'http.net': 'tcp', 'http.prefix': '/a/', 'http.secret': 'hunter2' },
  'http.oldsecrets': ['hunter2'],
  ...{ 'http.host': 'https://public.example.org', 'http.relativeurls': true, 'http.draintimeout': '1m30s' },
  'http.idletimeout': '75s',
  ...{ 'http.headers.*': ['nosniff'], 'http.http2.disabled': true, 'http.h2c.enabled': false },
  ...{ 'http.debug.addr': '127.0.0.1:6001', 'http.debug.prometheus.enabled': false },
  ...{ 'http.debug.prometheus.path': '/numbers', 'http.trustedproxies': ['192.0.2.0/24'] },
  ...{ 'auth.none': {}, 'auth.htpasswd.realm': 'other', 'auth.htpasswd.path': '/another' },
  ...{ 'auth.token.realm': 'https://other.example.net/auth', 'auth.token.service': 'other' },
  ...{ 'auth.token.issuer': 'other', 'auth.token.rootcertbundle': '/other.pem', 'auth.token.jwks': '/jwks' },
  ...{ 'auth.token.signingalgorithms': ['ES256'], 'auth.token.autoredirect': true },
  'auth.token.autoredirectpath': '/other/token',
  ...{ 'token.algorithm': 'EdDSA', 'token.lifetime': '1m', 'token.keylifetime': '24h' },
  ...{ 'token.key': 'token.key', 'token.certificate': 'token.pem' },
  ...{ 'token.refreshlifetime': '24h', 'token.services': ['other'], 'token.http.addr': '127.0.0.1:6003' },
  ...{ 'accounts.*.keystone.authurl': 'https://other.example.net/v3', 'accounts.*.keystone.domain': 'other' },
  ...{ 'accounts.*.keystone.cache': '5s', 'accounts.*.keystone.timeout': '1s' },
  ...{ 'accounts.*.keystone.maxprojects': 5, 'accounts.*.keystone.refreshtokens': true },
  'accounts.*.keystone.applicationcredentialid': 'abc',
  'accounts.*.keystone.applicationcredentialsecret': 'def',
  ...{ 'accounts.*.keystone.rootcas': ['/ca.pem'], 'accounts.*.htpasswd.path': '/other' },
  ...{ 'accounts.*.oidc.issuer': 'https://other.example.net', 'accounts.*.oidc.clientid': 'other' },
  ...{ 'accounts.*.oidc.clientsecret': 'hunter2', 'accounts.*.oidc.scopes': ['openid'] },
  ...{ 'accounts.*.oidc.nameclaim': 'sub', 'accounts.*.oidc.groupsclaim': 'roles' },
  ...{ 'accounts.*.oidc.timeout': '1s', 'accounts.*.oidc.rootcas': ['/etc/ssl/own.pem'] },
  ...{ 'accounts.*.oidc.lifetime': '24h', 'access.groups.*': ['user:alice'] },
  'access.standard': true,
  ...{ 'access.rules.*.name': 'other', 'access.rules.*.allow': ['pull'], 'access.rules.*.deny': ['pull'] },
  ...{ 'access.rules.*.subjects': ['user:alice'], 'access.rules.*.networks': ['192.0.2.0/24'] },
  ...{ 'access.rules.*.repositories': ['shared/**'], 'audit.enabled': false },
  'notifications.events.includereferences': true,
  ...{ 'notifications.endpoints.*.name': 'other', 'notifications.endpoints.*.disabled': true },
  'notifications.endpoints.*.url': 'https://hook.example.net/other',
  'notifications.endpoints.*.headers.*': ['Bearer hunter2'],
  ...{ 'notifications.endpoints.*.timeout': '500ms', 'notifications.endpoints.*.threshold': 4 },
  ...{ 'notifications.endpoints.*.backoff': '2s', 'notifications.endpoints.*.ignoredmediatypes': ['a/b'] },
  'notifications.endpoints.*.ignore.mediatypes': ['c/d'],
  'notifications.endpoints.*.ignore.actions': ['pull'],
  ...{ 'notifications.endpoints.*.batchsize': 5, 'notifications.endpoints.*.queuelimit': 7 },
  ...{ 'redis.addr': 'redis:6379', 'redis.password': 'hunter2', 'redis.db': 1, 'redis.dialtimeout': '10ms' },
  ...{
    'redis.prefix': 'other:',
    'redis.readtimeout': '2s',
    'redis.writetimeout': '10ms',
    'redis.pool.maxidle': 16,
  },
  ...{ 'redis.pool.maxactive': 64, 'redis.pool.idletimeout': '300s', 'redis.tls.enabled': true },
  ...{ 'redis.tls.certificate': '/c.pem', 'redis.tls.key': '/k.pem', 'redis.tls.rootcas': ['/ca.pem'] },
  ...{ 'redis.tls.clientcas': ['/ca.pem'], 'redis.addrs': ['redis:6380'], 'redis.mastername': 'main' },
  ...{ 'redis.clientname': 'a', 'redis.protocol': 3, 'redis.username': 'a', 'redis.sentinelusername': 'a' },
  ...{ 'redis.sentinelpassword': 'hunter2', 'redis.maxretries': -1, 'redis.minretrybackoff': '8ms' },
  ...{ 'redis.maxretrybackoff': '1s', 'redis.pooltimeout': '1s', 'redis.connmaxidletime': '1h' },
  ...{ 'redis.connmaxlifetime': '1h', 'redis.contexttimeoutenabled': true, 'redis.poolfifo': true },
  ...{ 'redis.poolsize': 64, 'redis.minidleconns': 1, 'redis.maxidleconns': 16, 'redis.maxactiveconns': 9 },
  ...{ 'redis.maxredirects': 3, 'redis.readonly': true, 'redis.routebylatency': true },
  ...{ 'redis.routerandomly': true, 'redis.disableidentity': true, 'redis.disableindentity': true },
  ...{ 'redis.identitysuffix': 'a', 'redis.unstableresp3': true },
  ...{ 'health.storagedriver.enabled': true, 'health.storagedriver.threshold': 3 },
  'health.storagedriver.interval': '10s',
  ...{ 'validation.enabled': true, 'validation.disabled': true },
  'validation.manifests.urls.allow': ['^https://example\\.com/'],
  'validation.manifests.urls.deny': ['^https://www\\.example\\.com/'],
  'validation.manifests.indexes.platforms': 'list',
  'validation.manifests.indexes.platformlist.*.os': 'linux',
  'validation.manifests.indexes.platformlist.*.architecture': 'arm64',
  'validation.manifests.indexes.platformlist.*.variant': 'v8',
  ...{ 'reporting.bugsnag.apikey': 'hunter2', 'reporting.bugsnag.releasestage': 'production' },
  ...{ 'reporting.bugsnag.endpoint': 'https://bugs.example.net', 'reporting.newrelic.licensekey': 'hunter2' },
  ...{ 'reporting.newrelic.name': 'a', 'reporting.newrelic.verbose': true },
  ...{ 'compatibility.schema1.enabled': true, 'compatibility.schema1.signingkeyfile': '/key.json' },
  ...{ 'limits.logins.enabled': false, 'limits.logins.attempts': 7, 'limits.logins.maxwait': '1m' },
  'limits.trustednetworks': ['10.0.0.0/8'],
  ...{ 'limits.connections': 50, 'limits.connectionsperclient': 5, 'limits.minimumrate': 0 },
  ...{ 'limits.requestspersecond.client': 2.5, 'limits.requestspersecond.account': 100 },
  ...{ 'garbagecollection.enabled': true, 'garbagecollection.interval': '6h' },
  ...{ 'garbagecollection.grace': '2h', 'garbagecollection.quarantine': '12h' },
  ...{ 'garbagecollection.deleteuntagged': true, 'garbagecollection.requestspersecond': 50 },
  ...{
    'promotion.candidates': ['incoming/*'],
    'promotion.stable': ['fedora/**'],
    'promotion.http.addr': '127.0.0.1:6002',
  },
  ...{ 'mirrors.*.name': 'renamed', 'mirrors.*.url': 'https://two.example.net', 'mirrors.*.weight': 2500 },
  ...{ 'mirrors.*.netblocks': ['192.0.2.0/24'], 'mirrors.*.sameoperator': true },
  ...{ 'mirrors.*.write.directory': '/srv/mirror', 'mirrors.*.serve': '127.0.0.1:6081' },
  ...{ 'mirrors.*.write.webdav': 'https://dav.example.net', 'mirrors.*.write.username': 'writer' },
  'mirrors.*.write.password': 'hunter2',
  'mirrors.*.write.clientcertificate': '/client.pem',
  ...{ 'mirrors.*.write.clientkey': '/client-key.pem', 'mirrors.*.write.rootcas': ['/ca.pem'] },
  ...tlsSamples('http.tls'),
  ...tlsSamples('promotion.http.tls'),
  ...tlsSamples('token.http.tls'),
};

function tlsSamples(section: string): Record<string, unknown> {
  return {
    ...{ [`${section}.certificate`]: '/other.pem', [`${section}.key`]: '/other-key.pem' },
    ...{ [`${section}.clientcas`]: ['/ca.pem'], [`${section}.clientauth`]: 'request-client-cert' },
    ...{ [`${section}.minimumtls`]: 'tls1.3' },
    [`${section}.ciphersuites`]: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  };
}

/** Keys that may stand in a file that is used. */
export const USABLE = CATALOGUE.filter(
  ({ key, verdict }) => verdict.kind !== 'refused' && !hasKeysBelow(key),
);

function hasKeysBelow(key: string): boolean {
  return CATALOGUE.some((other) => other.key.startsWith(`${key}.`));
}

/** The least file around a key: what has to stand beside it. */
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
  if (key.startsWith('http.debug.')) http['debug'] = { addr: '127.0.0.1:5001' };
  if (key.startsWith('notifications.endpoints.'))
    tree['notifications'] = { endpoints: [{ name: 'hook', url: 'https://hook.example.net/' }] };
  if (key.startsWith('promotion.') || key.startsWith('mirrors.'))
    tree['promotion'] = {
      http: { addr: '127.0.0.1:5002', ...(key.includes('.tls.') && { tls: tlsAround() }) },
    };
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

/** What has to stand beside a key that says who may do what, or that lets others reach the registry. */
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

/** What has to stand beside a key of S3. */
function s3Around(key: string): Tree {
  const encrypt = key === 'storage.s3.keyid' && { encrypt: true };
  const credentials = { accesskey: 'someone', secretkey: 'hunter3' };
  return { region: 'eu-north-1', bucket: 'images', ...credentials, ...encrypt };
}

/** What has to stand beside a key of Swift. */
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

/** What has to stand beside a key of Redis, in the shape of the key. */
function redisAround(key: string): Tree | undefined {
  const entry = CATALOGUE.find((each) => each.key === key);
  if (!key.startsWith('redis.') || /addrs?$/.test(key)) return undefined;
  if (entry?.from !== '3') return { addr: 'redis:6379' };
  const isOfSentinel = /sentinel/.test(key);
  const tls = key.startsWith('redis.tls.') && { tls: { certificate: '/other.pem', key: '/other.key' } };
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
