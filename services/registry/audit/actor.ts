import { type AuditEntry, SYSTEM_ACTORS } from './entry.ts';

/** Whether an entry is by the actor that was asked for. */
export type ActorTest = (actor: AuditEntry['actor']) => boolean;

/** An actor for people, with its kind: a user may be called as a job of the registry is, or `anonymous`. */
export function printActor({ kind, name }: AuditEntry['actor']): string {
  // Names of `local` actors begin with it, and the anonymous one has none.
  return name.startsWith('local:') && kind === 'local' ? name : [kind, name].filter(Boolean).join(':');
}

/**
 * Reads an actor as {@link printActor} prints it. A name without a kind is a user's or a robot's, except `anonymous` and the
 * names of the registry's own jobs.
 */
export function readActor(text: string): ActorTest {
  const printed = (SYSTEM_ACTORS as readonly string[]).includes(text) ? `system:${text}` : text;
  if (printed === 'anonymous' || /^(?:user|robot|local|system):/.test(printed))
    return (actor) => printActor(actor) === printed;
  return ({ kind, name }) => name === text && (kind === 'user' || kind === 'robot');
}
