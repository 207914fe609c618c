import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { thumbprint } from '../../services/registry/access/keys/key-id.ts';
import { ISSUER, SERVICE } from './registry.ts';

/** Somebody who signs tokens, well or badly. */
export interface Party {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly algorithm: string;
  readonly kid: string;
}

/** A new key. */
export function makeParty(type: 'ec' | 'rsa' | 'ed25519' = 'ec'): Party {
  const { publicKey, privateKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  const algorithm = { ec: 'ES256', rsa: 'RS256', ed25519: 'EdDSA' }[type];
  return { publicKey, privateKey, algorithm, kid: thumbprint(publicKey) };
}

/** Its public key in a set, as Distribution's `jwks` has it. */
export function keySetOf(...parties: readonly Party[]): string {
  const keys = parties.map(({ publicKey, kid, algorithm }) => ({
    ...publicKey.export({ format: 'jwk' }),
    ...{ kid, alg: algorithm, use: 'sig' },
  }));
  return JSON.stringify({ keys });
}

const now = () => Math.floor(Date.now() / 1000);

/** Claims that are good for a minute, and for pulling `user1/a`. */
export function goodClaims(): JWTPayload {
  return {
    ...{ iss: ISSUER, aud: SERVICE, sub: 'user1', jti: 'one' },
    ...{ iat: now(), nbf: now(), exp: now() + 60 },
    access: [{ type: 'repository', name: 'user1/a', actions: ['pull'] }],
  };
}

/** A token that a party signs, with claims and a header of any kind. */
export function sign(
  party: Party,
  claims: JWTPayload = {},
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT({ ...goodClaims(), ...claims })
    .setProtectedHeader({ alg: party.algorithm, typ: 'JWT', kid: party.kid, ...header })
    .sign(party.privateKey);
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of any header and claims, with any signature: what no library would make. */
export function forge(
  header: object,
  claims: object,
  signature: (input: string) => string = () => '',
): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signature(input)}`;
}

/** An HMAC under a key that is no secret. */
export function hmac(hash: 'sha256' | 'sha384' | 'sha512', key: string | Buffer): (input: string) => string {
  return (input) => createHmac(hash, key).update(input).digest('base64url');
}
