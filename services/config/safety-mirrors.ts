import { isLoopback } from '../registry/access/networks.ts';
import { bare, isNameKnown, isPlainBeyond, print, registryHostOf } from './reach.ts';
import type { Config, MirrorConfig } from './schema.ts';

/** Problems of mirrors: what would leak credentials, or count one mirror as two. */
export function* checkMirrors(config: Config): Generator<string> {
  const { http, mirrors, promotion } = config;
  if (mirrors.length > 0 && !promotion)
    yield 'mirrors: only promoted content reaches a mirror: expected a section "promotion", too';
  if (mirrors.length > 0 && !isNameKnown(http))
    yield 'http.host is missing: it decides whether a mirror would receive the credentials meant for the registry, and ' +
      "where a mirror sends clients back: expected the registry's public URL";
  const names = new Set<string>();
  const places = new Map<string, string>();
  for (const [i, mirror] of mirrors.entries()) {
    const key = `mirrors.${i}`;
    if (names.has(mirror.name))
      yield `${key}.name = ${mirror.name}: expected a name that no other mirror has`;
    names.add(mirror.name);
    const same = places.get(mirror.url);
    if (same !== undefined)
      yield `${key}.url = ${mirror.url}: the mirror ${same} has the same, and would count twice when a promotion waits for ` +
        'mirrors: expected a URL that no other mirror has';
    places.set(mirror.url, mirror.name);
    yield* checkPlainHttp(key, mirror);
    yield* checkCertificates(key, mirror);
    yield* checkCredentialLeak(key, mirror, config);
    if (mirror.serve && !('directory' in mirror.write))
      yield `${key}.serve: only a mirror written as a directory can be served: expected write.directory`;
    if (mirror.serve && !isLoopback(mirror.serve.host))
      yield `${key}.serve = ${print(mirror.serve)}: plain HTTP: expected a loopback address such as 127.0.0.1:5081`;
  }
}

function* checkPlainHttp(key: string, { write }: MirrorConfig): Generator<string> {
  if ('webdav' in write && write.password !== undefined && isPlainBeyond(write.webdav))
    yield `${key}.write.webdav = ${write.webdav}: a password over plain HTTP: expected an https URL`;
}

function* checkCertificates(key: string, { url, rootcas: ofUrl, write }: MirrorConfig): Generator<string> {
  if (ofUrl.length > 0 && !url.startsWith('https:'))
    yield `${key}.url = ${url}: rootcas are for TLS only: expected an https URL`;
  if (!('webdav' in write)) return;
  const { clientcertificate, clientkey, rootcas, webdav } = write;
  if ((clientcertificate === undefined) !== (clientkey === undefined))
    yield `${key}.write.${clientkey ? 'clientcertificate' : 'clientkey'} is missing: expected both or neither`;
  else if ((clientcertificate !== undefined || rootcas.length > 0) && !webdav.startsWith('https:'))
    yield `${key}.write.webdav = ${webdav}: certificates are for TLS only: expected an https URL`;
}

/**
 * Go's HTTP client (1.24 and later: skopeo, podman, containerd) forwards `Authorization` to the same host name on
 * another port, and to its subdomains. A mirror there would receive users' credentials.
 */
function* checkCredentialLeak(key: string, mirror: MirrorConfig, config: Config): Generator<string> {
  if (mirror.sameoperator) return;
  const registry = bare(registryHostOf(config.http));
  const host = bare(new URL(mirror.url).hostname);
  if (host === registry || host.endsWith(`.${registry}`))
    yield `${key}.url = ${mirror.url}: clients would send it the credentials meant for ${registry}: expected a host that is ` +
      'neither the registry nor below it, or sameoperator: true if the same people run both';
}
