import { hash, hkdfSync } from 'node:crypto';

/** Hashes names for counting. Neither names nor passwords are stored: people sometimes type one in place of the other. */
export type KeyedHash = (...parts: readonly string[]) => string;

/** A {@link KeyedHash} under a secret; nodes that share counts need the same. */
export function keyedHash(secret: string): KeyedHash {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'login counts', 32)).toString('base64');
  // A key before the text suffices where nobody sees all of the hash, and costs a quarter of an HMAC.
  return (...parts) =>
    hash('sha256', key + parts.map((part) => `${part.length}:${part}`).join(''), 'base64url').slice(0, 22);
}
