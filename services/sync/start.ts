import type { Config } from '../config/schema.ts';
import { type Listener, listen } from '../http/listen.ts';
import type { ServiceParts } from '../http/service.ts';
import { publicBaseUrl } from '../http/urls.ts';
import { createDemoMirror } from './demo-mirror.ts';
import { startGarbageWorker } from './garbage/start.ts';
import { startMirrors } from './mirrors/start.ts';
import { startDeliveries } from './notify/start.ts';

/** The background work of a registry: publishing, watching, delivering, collecting garbage. */
export interface Sync extends AsyncDisposable {
  /** To be called when an event for this endpoint was queued. */
  notificationQueued(endpoint: string): void;
}

/** Starts the work on mirrors, a worker for each notification endpoint, and serves the mirrors that `serve` names. */
export async function startSync(config: Config, parts: ServiceParts): Promise<Sync> {
  const { objects, audit, metrics, logger } = parts;
  const listeners: Listener[] = [];
  for (const [i, { serve, write }] of config.mirrors.entries())
    if (serve && 'directory' in write) {
      const { directory } = write;
      const mirror = createDemoMirror({ directory, originUrl: originUrl(config), metrics, logger });
      listeners.push(await listen(mirror.callback(), { ...serve, key: `mirrors.${i}.serve` }));
    }
  const mirrors = await startMirrors(config, parts);
  const deliveries = startDeliveries(config.notifications, objects, metrics, logger);
  const garbage = startGarbageWorker(config, objects, audit, metrics, logger);
  return {
    notificationQueued: (endpoint) => deliveries.notify(endpoint),
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [mirrors, ...listeners, ...garbage, deliveries].map((held) => held[Symbol.asyncDispose]()),
      );
    },
  };
}

/** Where clients reach an API node: as configured, or as it listens. */
function originUrl({ http }: Config): string {
  if (http.host) return publicBaseUrl(http.host, http.prefix);
  const host = http.addr.host.includes(':') ? `[${http.addr.host}]` : http.addr.host || '127.0.0.1';
  return `${http.tls ? 'https' : 'http'}://${host}:${http.addr.port}${http.prefix}`;
}
