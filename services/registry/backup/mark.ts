import { z } from 'zod';
import { encodeJson, tryParseJson } from '../storage/json.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { BACKUP_MARK_KEY } from './kinds.ts';

const MARK_MAX_BYTES = 64 * 1024;

const MarkSchema = z.object({
  version: z.literal(1),
  /** When the run began: what was acknowledged before is in the backup. RFC 3339 UTC. */
  startedAt: z.iso.datetime(),
  /** When it ended; absent while it runs, and if it was interrupted. */
  completedAt: z.iso.datetime().optional(),
});
/** What a backup says of itself. */
export type BackupMark = z.infer<typeof MarkSchema>;

/** Reads the mark of a backup; undefined for a directory that was copied by other means. */
export async function readMark(objects: ObjectStore): Promise<BackupMark | undefined> {
  const bytes = await objects.read(BACKUP_MARK_KEY, MARK_MAX_BYTES);
  return bytes && tryParseJson(MarkSchema, bytes);
}

/** Says that a run has begun, or ended. */
export async function writeMark(objects: ObjectStore, mark: Omit<BackupMark, 'version'>): Promise<void> {
  await objects.put(BACKUP_MARK_KEY, encodeJson({ version: 1, ...mark }));
}
