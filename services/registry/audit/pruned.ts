import { z } from 'zod';
import { tryParseJson } from '../storage/json.ts';
import { AUDIT_PRUNED_KEY } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type Place, PlaceSchema } from './place.ts';

const NOTE_MAX_BYTES = 4096;

const NoteSchema = z.looseObject({ version: z.literal(1), upTo: PlaceSchema });

/**
 * Up to which record they may have been deleted. Written before any deletion, so that a process that searches for the end
 * and reads this afterwards knows whether a missing record was the end. Proves nothing: the entry `audit.prune` in the
 * chain proves that the record may begin there. Undefined also for a malformed note.
 */
export async function readPruned(objects: ObjectStore, signal?: AbortSignal): Promise<Place | undefined> {
  const bytes = await objects.read(AUDIT_PRUNED_KEY, NOTE_MAX_BYTES, signal);
  return bytes && tryParseJson(NoteSchema, bytes)?.upTo;
}

/** Writes up to where records are about to be deleted. */
export function writePruned(objects: ObjectStore, upTo: Place): Promise<void> {
  return objects.put(AUDIT_PRUNED_KEY, Buffer.from(`${JSON.stringify({ version: 1, upTo })}\n`));
}
