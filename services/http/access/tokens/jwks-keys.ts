import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { thumbprint } from '../../../registry/access/keys/key-id.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { ofFile } from '../../named-files.ts';
import { followKeys } from './followed-files.ts';
import { type TrustedKey, type TrustedKeys, trusted } from './trusted-keys.ts';

const KeySetSchema = z.object({
  keys: z.array(
    z.looseObject({
      kty: z.string(),
      kid: z.string().optional(),
      alg: z.string().optional(),
      use: z.string().optional(),
    }),
  ),
});

type Keys = ReadonlyMap<string, TrustedKey>;

/**
 * The keys of a JSON Web Key Set (RFC 7517) in a file: Distribution's `auth.token.jwks`. Throws an Error that names the
 * file and what is wrong with it.
 */
export async function openJwksKeys(path: string, log: Log): Promise<TrustedKeys & Disposable> {
  const file = { key: 'auth.token.jwks', path };
  const followed = await followKeys([file], ([text = '']) => ofFile(file, () => parseKeySet(text)), log);
  return {
    find: (kid) => followed.value.get(kid),
    onChange: (listener) => void followed.onChange(listener),
    [Symbol.dispose]: () => followed[Symbol.dispose](),
  };
}

/** Reads a key set. Throws an Error that says what is wrong with it, without quoting it. */
export function parseKeySet(text: string): Keys {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('expected a JSON Web Key Set, but it is not JSON');
  }
  const set = KeySetSchema.safeParse(json);
  if (!set.success) throw new Error('expected a JSON Web Key Set: {"keys": [{"kty": …}, …]}');
  const keys = new Map<string, TrustedKey>();
  for (const [i, jwk] of set.data.keys.entries()) {
    if (jwk.kty === 'oct') throw new Error(`key ${i + 1} is a shared secret: expected public keys`);
    if (jwk.use !== undefined && jwk.use !== 'sig') continue;
    const known = keyOf(jwk);
    if (known === undefined)
      throw new Error(
        `key ${i + 1} cannot be used: expected one of P-256, P-384, P-521, Ed25519, or RSA of 2048 bits`,
      );
    keys.set(jwk.kid ?? thumbprint(known.key), known);
  }
  if (keys.size === 0) throw new Error('it has no keys for signatures');
  return keys;
}

/** A key that names its algorithm is trusted for no other. */
function keyOf(jwk: z.output<typeof KeySetSchema>['keys'][number]): TrustedKey | undefined {
  try {
    const known = trusted(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }));
    if (known === undefined || jwk.alg === undefined) return known;
    return known.algorithms.includes(jwk.alg) ? { ...known, algorithms: [jwk.alg] } : undefined;
  } catch {
    return undefined;
  }
}
