/** `roadstead garbage-collect` over a directory, as slow as asked: `program.ts ROOT PAUSE-MS OPTIONS-AS-JSON`. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type GarbageCollectOptions,
  garbageCollectCommand,
} from '../../services/cli/commands/garbage-collect.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';

const [rootDirectory = '', pauseMs = '0', options = '{}'] = process.argv.slice(2);
const objects = await FilesystemStore.open({ rootDirectory, sync: false });

const deleteAtOnce = objects.delete.bind(objects);
objects.delete = async (keys) => {
  for (const key of keys) {
    await deleteAtOnce([key]);
    // What somebody watches, or is to be killed at.
    process.stderr.write(`deleted ${key}\n`);
    await sleep(Number(pauseMs));
  }
};
const defaults: GarbageCollectOptions = {
  ...{ dryRun: false, deleteUntagged: false, quiet: false, json: true, graceMs: 0, lateMs: 0 },
};
await garbageCollectCommand(objects, NO_AUDIT, {
  ...defaults,
  ...(JSON.parse(options) as Partial<GarbageCollectOptions>),
});
