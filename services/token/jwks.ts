import { allowCaching } from '../http/caching.ts';
import type { RouteContext } from '../http/context.ts';
import type { TokenService } from './tokens.ts';

/** The public keys that verify our tokens, as a JSON Web Key Set (RFC 7517): Distribution's `auth.token.jwks`. */
export function getJwks({ signer }: TokenService, ctx: RouteContext): void {
  const keys = signer.publicKeys.map(({ kid, algorithm, publicKey }) => ({
    ...publicKey.export({ format: 'jwk' }),
    ...{ kid, alg: algorithm, use: 'sig' },
  }));
  allowCaching(ctx, 'everyone, for 5 s');
  ctx.set('Content-Type', 'application/jwk-set+json');
  ctx.body = Buffer.from(`${JSON.stringify({ keys }, undefined, 2)}\n`);
}
