import type { RouteContext } from '../http/context.ts';
import type { TokenService } from './tokens.ts';

/** Shorter than the time between a key's publication and its first use. */
const MAX_AGE_SECONDS = 5;

/** The public keys that verify our tokens, as a JSON Web Key Set (RFC 7517): Distribution's `auth.token.jwks`. */
export function getJwks({ signer }: TokenService, ctx: RouteContext): void {
  const keys = signer.publicKeys.map(({ kid, algorithm, publicKey }) => ({
    ...publicKey.export({ format: 'jwk' }),
    ...{ kid, alg: algorithm, use: 'sig' },
  }));
  ctx.set('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
  ctx.set('Content-Type', 'application/jwk-set+json');
  ctx.body = Buffer.from(`${JSON.stringify({ keys }, undefined, 2)}\n`);
}
