import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { SecretBox } from '../../storage/secret-box.ts';
import { libtrustId } from './key-id.ts';
import { type PublishedKey, TOKEN_ALGORITHMS, type TokenAlgorithm } from './signing-key.ts';

/** Prefix of the token signing keys, numbered in the order in which they sign. */
export const KEYS_PREFIX = 'roadstead/keys/';
const NAME = /^roadstead\/keys\/(\d{10})\.json$/;
export const KEY_MAX_BYTES = 16 * 1024;

/** The object key of a signing key. */
export const keyKey = (seq: number) => `${KEYS_PREFIX}${String(seq).padStart(10, '0')}.json`;

/** The number of the signing key at an object key; undefined for other objects. */
export function seqOfKey(key: string): number | undefined {
  const match = NAME.exec(key);
  return match ? Number(match[1]) : undefined;
}

const StoredKeySchema = z.object({
  version: z.literal(1),
  kid: z.string().min(1),
  algorithm: z.enum(TOKEN_ALGORITHMS),
  /** A JSON Web Key (RFC 7517): verifying tokens needs no secret. */
  publicKey: z.record(z.string(), z.unknown()),
  /** PKCS #8, sealed under `http.secret`. */
  privateKey: z.string(),
  createdAt: z.iso.datetime(),
  signsFrom: z.iso.datetime(),
});

/** A key in the store. It never changes. */
export interface StoredKey extends PublishedKey {
  readonly seq: number;
  readonly createdAt: Date;
  /** When the key begins to sign; it is published before, so that every node knows it by then. */
  readonly signsFrom: Date;
  readonly sealedPrivateKey: string;
}

/** Makes a key, and its object for the store. */
export async function makeKey(
  algorithm: TokenAlgorithm,
  box: SecretBox,
  times: { readonly createdAt: Date; readonly signsFrom: Date },
): Promise<{ readonly kid: string; readonly object: Buffer }> {
  const { publicKey, privateKey } = await generate(algorithm);
  const kid = libtrustId(publicKey);
  const stored: z.input<typeof StoredKeySchema> = {
    ...{ version: 1, kid, algorithm },
    publicKey: { ...publicKey.export({ format: 'jwk' }) },
    privateKey: box.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), kid),
    createdAt: times.createdAt.toISOString(),
    signsFrom: times.signsFrom.toISOString(),
  };
  return { kid, object: Buffer.from(`${JSON.stringify(stored, undefined, 2)}\n`) };
}

/** Reads a key's object. Throws if it is malformed. */
export function parseKey(seq: number, bytes: Buffer): StoredKey {
  const stored = StoredKeySchema.parse(JSON.parse(bytes.toString('utf8')));
  const publicKey = createPublicKey({ key: stored.publicKey, format: 'jwk' });
  // A key is named by its own hash, so that it cannot be passed off as another one.
  if (libtrustId(publicKey) !== stored.kid)
    throw new Error(`the object of key ${stored.kid} holds another key`);
  return {
    ...{ seq, kid: stored.kid, algorithm: stored.algorithm, publicKey },
    createdAt: new Date(stored.createdAt),
    signsFrom: new Date(stored.signsFrom),
    sealedPrivateKey: stored.privateKey,
  };
}

/** A key's private part; undefined if it was sealed under a secret that this process does not have. */
export function openKey({ kid, sealedPrivateKey }: StoredKey, box: SecretBox): KeyObject | undefined {
  const der = box.open(sealedPrivateKey, kid);
  return der && createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Off the event loop: making an RSA key takes long. */
function generate(algorithm: TokenAlgorithm): Promise<KeyPair> {
  const { promise, resolve, reject } = Promise.withResolvers<KeyPair>();
  const done = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) =>
    error ? reject(error) : resolve({ publicKey, privateKey });
  switch (algorithm) {
    case 'ES256':
      generateKeyPair('ec', { namedCurve: 'P-256' }, done);
      break;
    case 'RS256':
      generateKeyPair('rsa', { modulusLength: 3072 }, done);
      break;
    case 'EdDSA':
      generateKeyPair('ed25519', undefined, done);
      break;
  }
  return promise;
}
