import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { type Listener, listen } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Audit } from '../registry/audit/audit.ts';
import { contentOf } from '../registry/content/content.ts';
import { withPublications } from '../registry/publishing/publishing-content.ts';
import type { Stores } from '../stores/open.ts';
import { createDemoMirror } from './demo-mirror.ts';
import { startGarbageWorker } from './garbage/start.ts';
import { startDeliveries } from './notify/start.ts';
import { openTarget } from './targets/open-target.ts';
import { MirrorWorker } from './worker.ts';

/** What runs next to the registry: publishing, watching, delivering, collecting garbage. */
export interface Sync extends AsyncDisposable {
  /** Says that an event for this endpoint was queued just now. */
  notificationQueued(endpoint: string): void;
}

/** Starts a worker for each mirror and each notification endpoint, and serves those that the configuration says to serve. */
export async function startSync(
  config: Config,
  stores: Stores,
  audit: Audit,
  metrics: Metrics,
  logger: Logger,
  originUrl: string,
): Promise<Sync> {
  const content = withPublications(contentOf(stores.objects));
  const listeners: Listener[] = [];
  for (const [i, { serve, write }] of config.mirrors.entries())
    if (serve && 'directory' in write) {
      const mirror = createDemoMirror({ directory: write.directory, originUrl, metrics, logger });
      listeners.push(await listen(mirror.callback(), { ...serve, key: `mirrors.${i}.serve` }));
    }
  const targets = await Promise.all(
    config.mirrors.map(async (mirror) => ({ mirror, target: await openTarget(mirror) })),
  );
  const workers = targets.map(
    (each) => new MirrorWorker({ ...each, content, changes: stores.changes, metrics, logger }),
  );
  const deliveries = startDeliveries(config.notifications, stores.objects, metrics, logger);
  const garbage = startGarbageWorker(config, stores.objects, audit, metrics, logger);
  return {
    notificationQueued: (endpoint) => deliveries.notify(endpoint),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [...workers, ...listeners, ...garbage, deliveries].map((held) => held[Symbol.asyncDispose]()),
      );
      await Promise.all(targets.map(({ target }) => target[Symbol.asyncDispose]()));
    },
  };
}
