import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { encodeJson, parseJson } from '../../storage/json.ts';
import { Numbered, padded } from '../../storage/numbered.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { SecretBox } from '../../storage/secret-box.ts';
import { libtrustId } from './key-id.ts';
import { type PublishedKey, TOKEN_ALGORITHMS, type TokenAlgorithm } from './signing-key.ts';

/** Prefix of the token signing keys, numbered in the order in which they sign. */
export const KEYS_PREFIX = 'roadstead/keys/';
const KEY_MAX_BYTES = 16 * 1024;

/** The keys by which tokens are signed, as objects. The oldest are deleted once they have expired. */
export function storedKeys(objects: ObjectStore): Numbered {
  const keyOf = (seq: number) => `${KEYS_PREFIX}${padded(seq, 10)}.json`;
  return new Numbered(objects, { prefix: KEYS_PREFIX, keyOf, maxBytes: KEY_MAX_BYTES });
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
  /** Keys with lower numbers are void, even one whose creation or return comes late. */
  revokesOlder: z.boolean().optional(),
});

/** A key in the store. It never changes. */
export interface StoredKey extends PublishedKey {
  readonly seq: number;
  readonly createdAt: Date;
  /** Tokens are signed with it from this time on. It is stored earlier, so that every node knows it by then. */
  readonly signsFrom: Date;
  readonly sealedPrivateKey: string;
  /** Whether all keys with lower numbers are void. */
  readonly revokesOlder: boolean;
}

/** What is decided about a key when it is made. */
export interface KeyTerms {
  readonly createdAt: Date;
  readonly signsFrom: Date;
  readonly revokesOlder: boolean;
}

/** Generates a key, and the object to store. */
export async function makeKey(
  algorithm: TokenAlgorithm,
  box: SecretBox,
  terms: KeyTerms,
): Promise<{ readonly kid: string; readonly object: Buffer }> {
  const { publicKey, privateKey } = await generate(algorithm);
  const kid = libtrustId(publicKey);
  const stored: z.input<typeof StoredKeySchema> = {
    ...{ version: 1, kid, algorithm },
    publicKey: { ...publicKey.export({ format: 'jwk' }) },
    privateKey: box.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), kid),
    createdAt: terms.createdAt.toISOString(),
    signsFrom: terms.signsFrom.toISOString(),
    ...(terms.revokesOlder && { revokesOlder: true }),
  };
  return { kid, object: encodeJson(stored) };
}

/** Parses a key's object. Throws if it is malformed, or its id does not match. */
export function parseKey(seq: number, bytes: Buffer): StoredKey {
  const stored = parseJson(StoredKeySchema, bytes);
  const publicKey = createPublicKey({ key: stored.publicKey, format: 'jwk' });
  // The id is the key's own hash, so one key cannot be passed off as another.
  if (libtrustId(publicKey) !== stored.kid) throw new Error(`the id ${stored.kid} does not match its key`);
  return {
    ...{ seq, kid: stored.kid, algorithm: stored.algorithm, publicKey },
    createdAt: new Date(stored.createdAt),
    signsFrom: new Date(stored.signsFrom),
    sealedPrivateKey: stored.privateKey,
    revokesOlder: stored.revokesOlder === true,
  };
}

/** The private key; undefined if it was sealed under a secret that is not known here. */
export function openKey({ kid, sealedPrivateKey }: StoredKey, box: SecretBox): KeyObject | undefined {
  const der = box.open(sealedPrivateKey, kid);
  return der && createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Off the event loop: generating an RSA key takes long. */
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
