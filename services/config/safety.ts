import { isEverybody, isLoopback, isPublic } from '../registry/access/networks.ts';
import { BLOBS_MAX, MANIFESTS_MAX } from '../registry/publishing/promotion/image.ts';
import { accessWarnings } from './access-warnings.ts';
import { corsWarnings } from './cors-warnings.ts';
import { isEasyToGuess } from './guessable.ts';
import { mirrorWarnings } from './mirror-warnings.ts';
import { isForHost, isNameKnown, isPlainBeyond, isReachable, knowsClients, print } from './reach.ts';
import { checkAccess } from './safety-access.ts';
import { checkDebug, debugWarnings } from './safety-debug.ts';
import { checkMirrors } from './safety-mirrors.ts';
import type { Config, Settings } from './schema.ts';

/** Warnings of what is allowed but unwise; each line names a key. */
export function warningsOf(config: Settings): string[] {
  return [
    ...plainHeaders(config),
    ...unknownName(config),
    ...corsWarnings(config),
    ...accessWarnings(config),
    ...mirrorWarnings(config),
    ...trustWarnings(config),
    ...secretWarnings(config),
    ...unpromotable(config),
    ...debugWarnings(config),
  ];
}

/** Pushes that are taken and can never become stable. */
function* unpromotable({ limits: { manifests }, promotion }: Settings): Generator<string> {
  if (promotion === undefined) return;
  if (manifests.children > MANIFESTS_MAX)
    yield `limits.manifests.children = ${manifests.children}: an image with more than ${MANIFESTS_MAX} manifests cannot be promoted`;
  if (manifests.layers > BLOBS_MAX)
    yield `limits.manifests.layers = ${manifests.layers}: an image with more than ${BLOBS_MAX} blobs cannot be promoted`;
}

function* trustWarnings({ http }: Settings): Generator<string> {
  for (const [i, network] of http.trustedproxies.entries())
    if (isPublic(network))
      yield `http.trustedproxies.${i} = ${network}: it has public addresses: everyone there says for themselves which address ` +
        'and which host they use: expected the addresses of the proxies alone';
}

function* secretWarnings({ http, audit, auth }: Settings): Generator<string> {
  for (const [key, secret] of [
    ['http.secret', http.secret],
    ...http.oldsecrets.map((old, i) => [`http.oldsecrets.${i}`, old] as const),
  ] as const)
    if (secret !== undefined && isEasyToGuess(secret))
      yield `${key} is easy to guess: expected 32 random characters or more, such as from openssl rand -hex 32`;
  const isAudited = audit.enabled ?? Boolean(auth?.token ?? auth?.htpasswd);
  if (!isAudited) return;
  for (const i of http.oldsecrets.keys()) {
    const end = audit.oldsecretsuntil[i];
    if (end === undefined || end === 'in-use')
      yield `audit.oldsecretsuntil.${i} ${end === undefined ? 'is missing' : '= in-use'}: seals of http.oldsecrets.${i} are ` +
        'believed in any place of the audit record: expected the place that roadstead audit --verify prints, once every ' +
        'node has the new secret';
  }
}

function* plainHeaders({ notifications, sync: { notices } }: Settings): Generator<string> {
  for (const { name, url, headers } of notifications.endpoints)
    if (isPlainBeyond(url) && Object.keys(headers).length > 0)
      yield `notifications.endpoints: the headers for ${name} are sent over plain HTTP`;
  if (notices.webhook && isPlainBeyond(notices.webhook) && Object.keys(notices.headers).length > 0)
    yield 'sync.notices.headers: they are sent over plain HTTP';
}

function* unknownName({ http, notifications }: Settings): Generator<string> {
  if (isNameKnown(http)) return;
  if (http.relativeurls === false)
    yield 'http.relativeurls = false: URLs for clients are still relative: the registry does not know its name, and ' +
      "believes none that a request says: expected http.host, the registry's public URL";
  if (notifications.endpoints.length > 0)
    yield 'http.host is missing: URLs in notifications begin with the host that the request names, which a client may make ' +
      "up: expected the registry's public URL";
}

/** Problems of a well-formed configuration; each line names the key, its value, and what was expected. */
export function checkSafety(config: Config): string[] {
  return [
    ...checkListeners(config),
    ...checkDebug(config),
    ...checkAccess(config),
    ...checkMirrors(config),
    ...checkSecretEnds(config),
  ];
}

/** Places are matched to secrets by their order. */
function* checkSecretEnds({ http, audit }: Config): Generator<string> {
  const [secrets, ends] = [http.oldsecrets.length, audit.oldsecretsuntil.length];
  if (ends > secrets)
    yield `audit.oldsecretsuntil: it has ${ends} places, but http.oldsecrets ${secrets} secrets: expected at most one for each ` +
      'secret, in the same order';
}

function* checkListeners({ http, promotion, auth, token }: Config): Generator<string> {
  for (const [key, own] of [
    ['http', http],
    ['promotion.http', promotion?.http],
    ['token.http', token?.http],
  ] as const)
    if (own && !isForHost(http, own.addr) && !(own.tls ?? http.tls) && !http.trustedproxies.some(isNarrow))
      yield `${key}.addr = ${print(own.addr)}: plain HTTP beyond this machine: expected ${key}.tls (certificate, key), ` +
        'or http.trustedproxies with the networks of the proxies that end TLS in front of it, or a loopback address such as 127.0.0.1:5000';
  const release = promotion?.http ?? http;
  const needsCredentials =
    auth?.token !== undefined || auth?.htpasswd !== undefined || knowsClients(release.tls ?? http.tls);
  if (promotion && !needsCredentials && !isLoopback(release.addr.host))
    yield `promotion.http.addr = ${promotion.http ? '' : '(http.addr) '}${print(release.addr)}: no credentials are ` +
      'required: expected a section auth, promotion.http.tls with clientcas, or a loopback address such as 127.0.0.1:5002';
  if (promotion && !needsCredentials && !promotion.http && isReachable(http))
    yield 'promotion.http.addr is missing: http.addr is reached through a proxy or under a public name, and no ' +
      'credentials are required: expected a section auth, or a loopback address of its own, such as 127.0.0.1:5002';
}

/** Whether a network can be that of proxies, and not everybody's. */
function isNarrow(network: string): boolean {
  return !isEverybody(network);
}
