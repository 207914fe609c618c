import { bare, isReachable, print } from './reach.ts';
import { checkAccess } from './safety-access.ts';
import type { Config, MirrorConfig } from './schema.ts';
import { isLoopback } from './values.ts';

/** What is allowed, and still not wise; each line names a key. */
export function warningsOf({ notifications }: Omit<Config, 'notices'>): string[] {
  return notifications.endpoints.flatMap(({ name, url, headers }) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || isLoopback(bare(hostname)) || Object.keys(headers).length === 0) return [];
    return [`notifications.endpoints: the headers for ${name} are sent over plain HTTP`];
  });
}

/** What a well-formed configuration may still not ask for; each line names key, value and what was expected. */
export function checkSafety(config: Config): string[] {
  return [...checkListeners(config), ...checkAccess(config), ...checkMirrors(config)];
}

function checkListeners({ http, promotion, auth, token }: Config): string[] {
  const problems: string[] = [];
  const isProtected = http.tls !== undefined || http.trustedproxies.length > 0;
  for (const [key, addr] of [
    ['http.addr', http.addr],
    ['promotion.http.addr', promotion?.http?.addr],
    ['token.http.addr', token?.http?.addr],
  ] as const)
    if (addr && !isLoopback(addr.host) && !isProtected)
      problems.push(
        `${key} = ${print(addr)}: plain HTTP beyond this machine: expected http.tls (certificate, key), ` +
          'or http.trustedproxies naming the networks of the proxies that end TLS before it, or a loopback address ' +
          'such as 127.0.0.1:5000',
      );
  const releaseAddress = promotion?.http?.addr ?? http.addr;
  const isAsked = auth?.token !== undefined || auth?.htpasswd !== undefined;
  if (promotion && !isAsked && !isLoopback(releaseAddress.host))
    problems.push(
      `promotion.http.addr = ${promotion.http ? print(releaseAddress) : `(http.addr) ${print(releaseAddress)}`}: ` +
        'nobody is asked for credentials: expected a section auth, or a loopback address such as 127.0.0.1:5002',
    );
  if (promotion && !isAsked && !promotion.http && isReachable(http))
    problems.push(
      'promotion.http.addr is missing: http.addr is reached through a proxy or under a public name, and nobody is ' +
        'asked for credentials: expected a section auth, or a loopback address of its own, such as 127.0.0.1:5002',
    );
  if (http.debug && !isLoopback(http.debug.addr.host))
    problems.push(
      `http.debug.addr = ${print(http.debug.addr)}: metrics tell names of repositories' mirrors and loads: ` +
        'expected a loopback address such as 127.0.0.1:5001',
    );
  return problems;
}

function checkMirrors(config: Config): string[] {
  const problems: string[] = [];
  const names = new Set<string>();
  if (config.mirrors.length > 0 && !config.promotion)
    problems.push(
      'mirrors: only what was promoted reaches a mirror: expected a section "promotion" beside it',
    );
  const { http } = config;
  const isNameKnown =
    http.host !== undefined || (isLoopback(http.addr.host) && http.trustedproxies.length === 0);
  if (config.mirrors.length > 0 && !isNameKnown)
    problems.push(
      'http.host is missing: without it nobody can tell whether a mirror would be handed the credentials meant for the ' +
        "registry, or where a mirror sends clients back: expected the registry's public URL",
    );
  config.mirrors.forEach((mirror, i) => {
    const key = `mirrors.${i}`;
    if (names.has(mirror.name))
      problems.push(`${key}.name = ${mirror.name}: expected a name that no other mirror has`);
    names.add(mirror.name);
    problems.push(...checkPlainHttp(key, mirror), ...checkCredentialLeak(key, mirror, config));
    if (mirror.serve && !('directory' in mirror.write))
      problems.push(
        `${key}.serve: only a mirror written as a directory can be served: expected write.directory`,
      );
    if (mirror.serve && !isLoopback(mirror.serve.host))
      problems.push(
        `${key}.serve = ${print(mirror.serve)}: plain HTTP: expected a loopback address such as 127.0.0.1:5081`,
      );
  });
  return problems;
}

function checkPlainHttp(key: string, mirror: MirrorConfig): string[] {
  if (!('webdav' in mirror.write) || mirror.write.password === undefined) return [];
  const url = new URL(mirror.write.webdav);
  if (url.protocol === 'https:' || isLoopback(bare(url.hostname))) return [];
  return [`${key}.write.webdav = ${mirror.write.webdav}: a password over plain HTTP: expected an https URL`];
}

/**
 * Go's HTTP client (1.24 and later: skopeo, podman, containerd) sends a client's `Authorization` on to the same host
 * name on another port, and to any subdomain of it. Such a mirror would be handed users' credentials.
 */
function checkCredentialLeak(key: string, mirror: MirrorConfig, config: Config): string[] {
  if (mirror.sameoperator) return [];
  const registry = config.http.host ? bare(new URL(config.http.host).hostname) : config.http.addr.host;
  const host = bare(new URL(mirror.url).hostname);
  if (host !== registry && !host.endsWith(`.${registry}`)) return [];
  return [
    `${key}.url = ${mirror.url}: clients would send it the credentials meant for ${registry}: expected a host that is ` +
      'neither the registry nor below it, or sameoperator: true if the same people run both',
  ];
}
