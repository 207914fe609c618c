import { z } from 'zod';

/** Every change of state that is recorded, as `subject.verb`. */
export const AUDIT_ACTIONS = [
  'manifest.push',
  'manifest.delete',
  'tag.delete',
  'blob.push',
  'blob.mount',
  'blob.delete',
  // A promotion's two steps: its content becomes public under the stable repository's name, then the tag names it.
  'promotion.publish',
  'promotion.tag',
  // By the worker of the sync process, and by commands.
  'garbage.delete',
  'garbage.request',
  'garbage.restore',
  'read-only.on',
  'read-only.off',
  'notifications.retry',
  'robot.create',
  'robot.rotate',
  'robot.revoke',
  'credential.issue',
  'credential.revoke',
  'key.rotate',
  'audit.prune',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Whoever acts: somebody at a door, somebody at a terminal of a node (`local`), or the registry by itself (`system`). */
export interface AuditActor {
  readonly kind: 'anonymous' | 'user' | 'robot' | 'local' | 'system';
  /** Empty for the anonymous; `local:NAME` for a user of the operating system. */
  readonly name: string;
}

/** What is about to change; all but the action where it makes sense. */
export interface AuditChange {
  readonly action: AuditAction;
  readonly repository?: string | undefined;
  /** Those that move, or go. */
  readonly tags?: readonly string[] | undefined;
  readonly digest?: string | undefined;
  /** What there is to say beside it, such as counts; no secrets. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>> | undefined;
}

/** A change, who makes it, and by what right. */
export interface AuditEvent extends AuditChange {
  readonly actor: AuditActor;
  /** The client's IP address. */
  readonly address?: string | undefined;
  /** As in `X-Request-Id` and in the log of accesses. */
  readonly requestId?: string | undefined;
  /** The rule that allowed it. */
  readonly rule?: string | undefined;
}

/**
 * An entry of the record, as it is read: what a later version adds is kept, so that old ones show and verify what newer
 * ones have written.
 */
export const AuditEntrySchema = z.looseObject({
  /** When it was recorded, by the clock of the node that did it; RFC 3339 UTC. */
  at: z.iso.datetime(),
  actor: z.looseObject({ kind: z.string(), name: z.string() }),
  address: z.string().optional(),
  requestId: z.string().optional(),
  action: z.string(),
  repository: z.string().optional(),
  tags: z.array(z.string()).optional(),
  digest: z.string().optional(),
  rule: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type AuditEntry = z.infer<typeof AuditEntrySchema>;
