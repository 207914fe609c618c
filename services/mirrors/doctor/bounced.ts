import type { Sha256Digest } from '../../registry/oci/digest.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { Answer } from './ask.ts';

/** Where an answer sends clients; undefined unless it is a redirect with a usable `Location`. */
export function locationOf({ status, headers, url }: Answer): URL | undefined {
  if (status < 300 || status > 399) return undefined;
  return URL.parse(headers['location'] ?? '', url.href) ?? undefined;
}

/** Whether a location is the origin path of this blob. */
export function isOrigin(location: URL, digest: Sha256Digest): boolean {
  return location.pathname.endsWith(`/origin/${blobDataKey(digest)}`);
}
