import { createHash } from 'node:crypto';
import { hexOf, type Sha256Digest } from '../../../oci/digest.ts';

/** What distinguishes clients, and stays the same from one pull of a client to its next. */
export interface ClientTraits {
  readonly address: string;
  /** Kind and name of the principal. Not `Authorization`: each pull brings a new token. */
  readonly principalKind: string;
  readonly principalName: string;
  readonly userAgent: string;
}

/** Characters of a key. */
export const KEY_CHARACTERS = 16;

/** A client's key: short, as it is sent to other nodes, and without readable information about the client. */
export function clientKeyOf({ address, principalKind, principalName, userAgent }: ClientTraits): string {
  const text = [address, principalKind, principalName, userAgent].join('\0');
  return createHash('sha256').update(text).digest('base64url').slice(0, KEY_CHARACTERS);
}

/** A blob's short key: 64 bits of its digest. A collision costs one needless detour. */
export function blobKeyOf(digest: Sha256Digest): string {
  return hexOf(digest).slice(0, KEY_CHARACTERS);
}

/** A repository's short key. A collision changes the order of mirrors for one client. */
export function repositoryKeyOf(repository: string): string {
  return createHash('sha256').update(repository).digest('base64url').slice(0, KEY_CHARACTERS);
}
