import { z } from 'zod';

/** The recorded changes of state, as `subject.verb`. */
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
  'configuration.reload',
  'audit.prune',
  'store.restore',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** The jobs of the registry itself that change something. */
export const SYSTEM_ACTORS = ['garbage-collection', 'token'] as const;

/** The actor of a change: a client, a user at a terminal of a node (`local`), or the registry itself (`system`). */
export type AuditActor =
  | {
      readonly kind: 'anonymous' | 'user' | 'robot' | 'local';
      /** Empty for anonymous clients; `local:NAME` for a user of the operating system. */
      readonly name: string;
    }
  | { readonly kind: 'system'; readonly name: (typeof SYSTEM_ACTORS)[number] };

/** A change; the fields other than the action only where they apply. */
export interface AuditChange {
  readonly action: AuditAction;
  readonly repository?: string | undefined;
  /** The tags that move, or are deleted. */
  readonly tags?: readonly string[] | undefined;
  readonly digest?: string | undefined;
  /** Additional data, such as counts; no secrets. */
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[]>> | undefined;
}

/** A change, its actor, and the rule that allows it. */
export interface AuditEvent extends AuditChange {
  readonly actor: AuditActor;
  /** The client's IP address. */
  readonly address?: string | undefined;
  /** As in `X-Request-Id` and in the access log. */
  readonly requestId?: string | undefined;
  /** The rule that allowed it. */
  readonly rule?: string | undefined;
}

/**
 * An entry of the record. Fields that a later version adds are kept, so that older versions can show and verify newer
 * entries.
 */
export const AuditEntrySchema = z.looseObject({
  /** When it was recorded, by the recording node's clock; RFC 3339 UTC. */
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
