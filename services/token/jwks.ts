import type { Handler } from '../http/routes.ts';
import type { TokenService } from './service.ts';

/** A new key is known for longer than this before it signs. */
const MAX_AGE_SECONDS = 5;

/** The public keys by which tokens can be checked, as a JSON Web Key Set (RFC 7517): Distribution's `auth.token.jwks`. */
export function getJwks({ signer }: TokenService): Handler {
  return (ctx) => {
    const keys = signer.publicKeys.map(({ kid, algorithm, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      ...{ kid, alg: algorithm, use: 'sig' },
    }));
    ctx.set('Cache-Control', `public, max-age=${MAX_AGE_SECONDS}`);
    ctx.set('Content-Type', 'application/jwk-set+json');
    ctx.body = Buffer.from(`${JSON.stringify({ keys }, undefined, 2)}\n`);
  };
}
