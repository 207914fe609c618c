import { createHash, timingSafeEqual } from 'node:crypto';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Context } from './context.ts';

/** Throws UNAUTHORIZED for a request without `Authorization: Bearer` and this token; undefined lets every request pass. */
export function bearerCheck(token: string | undefined): (ctx: Context) => void {
  if (token === undefined) return () => undefined;
  const expected = sha256(token);
  return (ctx) => {
    const given = /^Bearer +(\S+) *$/i.exec(ctx.get('authorization'))?.[1];
    // Hashes have one length, so the time of the comparison reveals nothing of the token.
    if (given !== undefined && timingSafeEqual(sha256(given), expected)) return;
    ctx.set('WWW-Authenticate', 'Bearer realm="metrics"');
    throw new RegistryError(
      'UNAUTHORIZED',
      'metrics are shown only with the token of http.debug.bearertoken',
    );
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
