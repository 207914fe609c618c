import { createHmac } from 'node:crypto';

/** Hashes names for counting. Neither names nor passwords are stored: people sometimes type one in place of the other. */
export type KeyedHash = (...parts: readonly string[]) => string;

/** A {@link KeyedHash} under a secret; nodes that share counts need the same. */
export function keyedHash(secret: string): KeyedHash {
  return (...parts) => {
    const hmac = createHmac('sha256', secret);
    for (const part of parts) hmac.update(`${part.length}:${part}`);
    return hmac.digest('base64url').slice(0, 22);
  };
}
