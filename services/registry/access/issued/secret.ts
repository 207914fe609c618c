import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IssuedAccount, IssuedSecret } from './account.ts';
import { isCurrent } from './account.ts';

/** Lets people and secret scanners recognise a secret of this registry. */
const PREFIX = 'rsr_';
const SECRET_BYTES = 32;
const ID_BYTES = 6;

/** A new secret, shown once, and the part that is stored. */
export interface NewSecret {
  readonly text: string;
  readonly kept: IssuedSecret;
}

/** Makes a secret of 256 random bits; without a lifetime it is valid until it is replaced. */
export function makeSecret(now: Date, lifetimeMs: number | undefined): NewSecret {
  const text = `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return {
    text,
    kept: {
      id: randomBytes(ID_BYTES).toString('hex'),
      sha256: hashOf(text).toString('hex'),
      createdAt: now.toISOString(),
      ...(lifetimeMs !== undefined && { expiresAt: new Date(now.getTime() + lifetimeMs).toISOString() }),
    },
  };
}

/**
 * The account's secret that matches the text; undefined if no valid secret does. Takes the same time for every text,
 * and for an account that does not exist.
 */
export function findSecret(
  account: IssuedAccount | undefined,
  text: string,
  now: Date,
): IssuedSecret | undefined {
  const hash = hashOf(text);
  const secrets = account?.revokedAt === undefined ? (account?.secrets ?? []) : [];
  let found: IssuedSecret | undefined;
  for (const secret of secrets)
    if (timingSafeEqual(hash, Buffer.from(secret.sha256, 'hex')) && isCurrent(secret, now)) found = secret;
  return found;
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
