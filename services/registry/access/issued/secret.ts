import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IssuedAccount, IssuedSecret } from './account.ts';
import { isCurrent } from './account.ts';

/** By it people, and programs that look for secrets in the wrong places, see what they have before them. */
const PREFIX = 'rsr_';
const SECRET_BYTES = 32;
const ID_BYTES = 6;

/** A secret as it is shown, once, and what of it is kept. */
export interface NewSecret {
  readonly text: string;
  readonly kept: IssuedSecret;
}

/** Makes one of 256 random bits; without a lifetime it lasts until it is replaced. */
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
 * The secret of an account that this text is; undefined when it is none that is good now. Takes the same time whatever
 * the text, and for an account that is not there.
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
