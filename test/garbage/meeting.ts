import { setTimeout as sleep } from 'node:timers/promises';
import { DELETING_PREFIX, RESCUED_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import type { ListRequest, ObjectStore } from '../../services/registry/storage/object-store.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';

/**
 * Where a collector meets somebody: it has just said that it deletes; it has looked what is to be kept, and deletes the
 * rest next; or it has deleted, and not yet said so.
 */
export const MOMENTS = ['it begins to delete', 'it has looked', 'it has deleted'] as const;
export type Moment = (typeof MOMENTS)[number];

/** Whoever does not wait for the collector has been answered by then. */
const ANSWERED_MS = 300;

/** A collector's store, and what comes of the meeting in it. */
export interface Meeting {
  readonly objects: ObjectStore;
  /** Settles as the other does, who begins after the collection where nothing was deleted. */
  acted(): Promise<void>;
  /** Whether anything was deleted. */
  hasMet(): boolean;
}

/**
 * Has somebody begin with `act` at the first moment of that kind in a collection, which goes on when they have said
 * what they want to be kept, or have come to their end.
 */
export function meeting(objects: ObjectStore, moment: Moment, act: () => Promise<void>): Meeting {
  let acting: Promise<void> | undefined;
  const begin = () => {
    acting = act();
    acting.catch(() => undefined);
    return acting;
  };
  const hasRescued = async () => (await objects.list({ prefix: RESCUED_PREFIX, limit: 1 })).keys.length > 0;
  const meet = async () => {
    if (acting !== undefined) return;
    const ended = begin().catch(() => undefined);
    await Promise.race([ended, eventually('it is said what is to be kept', hasRescued)]);
    if (moment === 'it has looked') await Promise.race([ended, sleep(ANSWERED_MS)]);
  };
  const met = intercepted(objects, async ({ name, args, proceed }) => {
    const comes = momentOf(name, args[0]) === moment;
    if (comes && moment === 'it has deleted') await meet();
    const result = await proceed();
    if (comes) await meet();
    return result;
  });
  return { objects: met, acted: () => acting ?? begin(), hasMet: () => acting !== undefined };
}

/** Which moment a request of the collector is. */
function momentOf(request: string | symbol, what: unknown): Moment | undefined {
  if (request === 'put' && String(what).startsWith(DELETING_PREFIX)) return 'it begins to delete';
  if (request === 'delete')
    return (what as readonly string[])[0]?.startsWith(DELETING_PREFIX) ? 'it has deleted' : undefined;
  if (request !== 'list') return undefined;
  const { prefix } = what as ListRequest;
  // Those of one list; all of them it looks through before.
  return prefix.startsWith(RESCUED_PREFIX) && prefix !== RESCUED_PREFIX ? 'it has looked' : undefined;
}
