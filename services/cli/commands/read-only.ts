import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit } from '../../registry/audit/audit.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { readNotice, WRITES_END_MS, writeNotice } from '../../registry/storage/read-only.ts';
import { ACTOR } from '../actor.ts';
import { recordLocal } from '../audit.ts';
import { print, printJson } from '../table.ts';

/** Stops writes on every node over this store, and returns when every node has noticed. */
export async function readOnlyOnCommand(objects: ObjectStore, audit: Audit, reason: string): Promise<void> {
  const notice = { since: new Date().toISOString(), by: ACTOR, reason };
  await recordLocal(audit, { action: 'read-only.on', details: { reason } });
  await writeNotice(objects, notice);
  await sleep(WRITES_END_MS);
  print(
    'read-only: pulls continue, pushes and deletes get 503. To allow writes again: roadstead read-only off',
  );
}

/** Allows writes again. */
export async function readOnlyOffCommand(objects: ObjectStore, audit: Audit): Promise<void> {
  const before = await readNotice(objects);
  await recordLocal(audit, { action: 'read-only.off' });
  await writeNotice(objects, undefined);
  print(before ? 'writes are allowed again' : 'writes were allowed already');
}

/** Shows whether writes are allowed; exits with 2 if not. */
export async function readOnlyStatusCommand(objects: ObjectStore, json: boolean): Promise<void> {
  const notice = await readNotice(objects);
  if (json) printJson({ readOnly: notice !== undefined, ...notice });
  else if (notice) print(`read-only since ${notice.since} by ${notice.by}: ${notice.reason}`);
  else print('writes are allowed');
  if (notice) process.exitCode = 2;
}
