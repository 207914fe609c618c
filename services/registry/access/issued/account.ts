import { z } from 'zod';

/** No secret is valid for longer: ten years. */
export const LIFETIME_MAX_MS = 10 * 365 * 24 * 3_600_000;

/** The stored part of an account's secret: it can be compared, but not read. */
const SecretSchema = z.looseObject({
  /** An identifier that reveals nothing about the secret. */
  id: z.string(),
  /** SHA-256, hexadecimal. The secret is 256 random bits, so a slow hash is not needed. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  /** When the secret expires; absent if it is valid until it is replaced. */
  expiresAt: z.iso.datetime().optional(),
});

/** The stored form. Fields that a later version adds are kept. */
export const IssuedAccountSchema = z.looseObject({
  version: z.literal(1),
  /** Robots are machines; users are people vouched for by another system, such as an OpenID provider. */
  kind: z.enum(['robot', 'user']),
  /** The full name that rules use: a robot's begins with `robot+`. */
  name: z.string(),
  groups: z.array(z.string()),
  /** The account's purpose, for people. */
  description: z.string().optional(),
  createdAt: z.iso.datetime(),
  /** The creator, for people. */
  createdBy: z.string(),
  /** When the account was revoked. */
  revokedAt: z.iso.datetime().optional(),
  secrets: z.array(SecretSchema),
});

export type IssuedSecret = z.output<typeof SecretSchema>;
/** An account whose credentials this registry issues itself. */
export type IssuedAccount = Readonly<z.output<typeof IssuedAccountSchema>>;
export type IssuedKind = IssuedAccount['kind'];

/** An account whose record in the store cannot be read: nobody logs in by it, and it can be revoked. */
export interface DamagedAccount {
  readonly name: string;
  readonly isDamaged: true;
}

/** Whether a secret may be used at this time. */
export function isCurrent({ expiresAt }: IssuedSecret, now: Date): boolean {
  return expiresAt === undefined || now.getTime() < Date.parse(expiresAt);
}
