import type { Metrics } from '../../http/metrics.ts';
import type { NotificationsConfig } from '../../registry/notifications/endpoint.ts';
import type { Log } from '../../registry/runtime/log.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { EndpointWorker } from './worker.ts';

/** The workers of all endpoints. */
export interface Deliveries extends AsyncDisposable {
  /** Has an endpoint's worker look for events now, not at its next turn. */
  notify(endpoint: string): void;
}

/** Starts a worker for each endpoint. */
export function startDeliveries(
  { endpoints }: NotificationsConfig,
  objects: ObjectStore,
  metrics: Metrics,
  logger: Log,
): Deliveries {
  const workers = new Map(
    endpoints.map((endpoint) => [endpoint.name, new EndpointWorker({ endpoint, objects, metrics, logger })]),
  );
  return {
    notify: (endpoint) => workers.get(endpoint)?.notify(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers.values()].map((worker) => worker[Symbol.asyncDispose]()));
    },
  };
}
