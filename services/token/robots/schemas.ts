import { z } from 'zod';
import {
  type DamagedAccount,
  type IssuedAccount,
  LIFETIME_MAX_MS,
} from '../../registry/access/issued/account.ts';
import type { Issued } from '../../registry/access/issued/credentials.ts';

const GROUPS_MAX = 50;
const LIFETIME_MAX_SECONDS = LIFETIME_MAX_MS / 1000;

const Seconds = z.int().min(1).max(LIFETIME_MAX_SECONDS);

/** A request for a new robot. */
export const NewRobotBody = z.strictObject({
  name: z.string().max(100),
  groups: z.array(z.string().min(1).max(100)).max(GROUPS_MAX).default([]),
  description: z.string().max(500).optional(),
  expiresInSeconds: Seconds.optional(),
});

/** A request to replace a robot's secret. */
export const RotationBody = z.strictObject({
  keepOldSeconds: z.int().min(0).max(LIFETIME_MAX_SECONDS).default(0),
  expiresInSeconds: Seconds.optional(),
});

/** A robot in answers: without the hashes of its secrets. Of a damaged one, only the name is known. */
export function showRobot(robot: IssuedAccount | DamagedAccount) {
  if ('isDamaged' in robot) return { username: robot.name, damaged: true };
  const { name, groups, description, createdAt, createdBy, revokedAt, secrets } = robot;
  return {
    ...{ username: name, groups, description, createdAt, createdBy, revokedAt },
    secrets: secrets.map((secret) => ({
      ...{ id: secret.id, createdAt: secret.createdAt, expiresAt: secret.expiresAt },
    })),
  };
}

/** A new secret in an answer, in the form in which clients log in. */
export function showSecret({ account: { name }, secret, expiresAt }: Issued) {
  return { username: name, secret, expiresAt };
}
