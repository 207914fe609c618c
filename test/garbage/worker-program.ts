/** The sync process' collector over a directory, quick: `worker-program.ts ROOT DELETE-UNTAGGED`. */
import { Metrics } from '../../services/http/metrics.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { GarbageWorker } from '../../services/sync/garbage/worker.ts';

const [rootDirectory = '', deleteUntagged] = process.argv.slice(2);
const objects = await FilesystemStore.open({ rootDirectory, sync: false });
const tell = (level: string) => (fields: Record<string, unknown>, message: string) =>
  void process.stdout.write(`${JSON.stringify({ level, message, ...fields, err: String(fields['err']) })}\n`);

new GarbageWorker({
  objects,
  audit: NO_AUDIT,
  settings: {
    collecting: {
      ...{ intervalMs: 1, graceMs: 0, quarantineMs: 0 },
      deleteUntagged: deleteUntagged === 'true',
    },
    purging: undefined,
    requestsPerSecond: undefined,
  },
  metrics: new Metrics(),
  logger: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  timing: { heartbeatMs: 200, silenceMs: 2000, lookMs: 50 },
  ...{ pollMs: 100, settleMs: 5 },
});
process.stdout.write('collecting\n');
