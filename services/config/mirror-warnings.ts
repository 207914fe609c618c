import { isLocalAddress } from '../registry/access/networks.ts';
import { registryHostOf } from './reach.ts';
import type { Settings } from './schema.ts';

/** Warnings of mirrors that some clients refuse, although others use them; each line names a key. */
export function* mirrorWarnings({ http, mirrors }: Settings): Generator<string> {
  const isEncrypted = http.tls !== undefined || (http.host?.startsWith('https:') ?? false);
  for (const [i, { url }] of mirrors.entries()) {
    const { protocol, hostname } = new URL(url);
    if (isEncrypted && protocol === 'http:')
      yield `mirrors.${i}.url = ${url}: regctl, and other clients that follow no redirect from https to http, get nothing ` +
        'from it: expected an https URL';
    // go-containerregistry compares with the registry's own host, and looks up no names.
    if (isLocalAddress(hostname) && hostname !== registryHostOf(http))
      yield `mirrors.${i}.url = ${url}: crane since 0.21.7, and other programs with its library, refuse redirects to private ` +
        'and loopback addresses: expected a host name, which may resolve to that address';
  }
}
