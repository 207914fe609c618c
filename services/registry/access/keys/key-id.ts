import { createHash, type KeyObject } from 'node:crypto';

/**
 * A public key's id as libtrust computes it, such as `PYYO:TEWU:…`: Distribution 2.8 finds the keys of its
 * `rootcertbundle` by it (github.com/docker/libtrust, `keyIDFromCryptoKey`).
 */
export function libtrustId(key: KeyObject): string {
  const hash = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
  return (base32(hash.subarray(0, 30)).match(/.{4}/g) ?? []).join(':');
}

/** A public key's thumbprint (RFC 7638), by which Distribution 3 finds keys. */
export function thumbprint(key: KeyObject): string {
  const { crv, e, k, kty, n, x, y } = key.export({ format: 'jwk' });
  // The members that the key's type requires, in the order of their names; JSON leaves out undefined ones.
  return createHash('sha256').update(JSON.stringify({ crv, e, k, kty, n, x, y })).digest('base64url');
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, for lengths that need no padding. */
function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += LETTERS[(held >> (bits - 5)) & 31];
  }
  return text;
}
