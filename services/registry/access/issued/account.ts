import { z } from 'zod';

/** A secret of an account, of which only this stays: it can be compared, and not read. */
const SecretSchema = z.looseObject({
  /** Tells one from another, and nothing of it. */
  id: z.string(),
  /** SHA-256, hexadecimal: of 256 random bits, which nobody can guess, so that nothing slower is needed. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  /** It is good for nothing from then on; left out where it lasts until it is replaced. */
  expiresAt: z.iso.datetime().optional(),
});

/** As it is stored. What a later version adds is kept. */
export const IssuedAccountSchema = z.looseObject({
  version: z.literal(1),
  /** Robots are machines; users are people whom somebody else vouched for, such as an OpenID provider. */
  kind: z.enum(['robot', 'user']),
  /** The whole name, as rules know it: a robot's begins with `robot+`. */
  name: z.string(),
  groups: z.array(z.string()),
  /** What it is for, for people. */
  description: z.string().optional(),
  createdAt: z.iso.datetime(),
  /** Who made it, for people. */
  createdBy: z.string(),
  /** Since when it is good for nothing. */
  revokedAt: z.iso.datetime().optional(),
  secrets: z.array(SecretSchema),
});

export type IssuedSecret = z.output<typeof SecretSchema>;
/** Somebody whose credentials this registry issues itself. */
export type IssuedAccount = Readonly<z.output<typeof IssuedAccountSchema>>;
export type IssuedKind = IssuedAccount['kind'];

/** Whether a secret may be used at this time. */
export function isCurrent({ expiresAt }: IssuedSecret, now: Date): boolean {
  return expiresAt === undefined || now.getTime() < Date.parse(expiresAt);
}
