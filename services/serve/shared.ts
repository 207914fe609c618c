import { hostname } from 'node:os';
import type { Config } from '../config/schema.ts';
import { clientAddressOf } from '../http/client-address.ts';
import { proxiesOf } from '../http/forwarded.ts';
import { trustedOrigins } from '../http/origin-check.ts';
import { allowsOrigins } from '../http/preflight.ts';
import type { ServiceParts } from '../http/service.ts';
import { notificationEventsCounter } from '../http/shared-metrics.ts';
import { warnOfSilence } from '../http/silent-proxies.ts';
import { Notifier } from '../registry/notifications/notifier.ts';
import { ReadOnly } from '../registry/storage/read-only.ts';
import { WriteHealth } from '../registry/storage/write-health.ts';
import { auditOf } from './audit.ts';
import type { HeldParts } from './held-parts.ts';

/** The stores, as far as they are needed here. */
interface ProbedStores extends Pick<ServiceParts, 'objects' | 'changes'> {
  readonly probeWrites: (signal?: AbortSignal) => Promise<void>;
  readonly probeEveryMs: number;
}

/**
 * Opens what the services of this program share: the audit record, the read-only switch, the notifier and the watch over
 * writes. `held` disposes them. `queued` is called when an event was queued for an endpoint.
 */
export async function openShared(
  config: Config,
  stores: ProbedStores,
  edge: Pick<ServiceParts, 'authenticator' | 'limits' | 'metrics' | 'logger'>,
  held: HeldParts,
  queued: (endpoint: string) => void,
): Promise<ServiceParts> {
  const { objects, changes } = stores;
  const { metrics, logger } = edge;
  const proxies = proxiesOf(config.http);
  const audit = held.use('audit', auditOf(config, { objects, logger }, metrics));
  const { enabled } = config.storage.maintenance.readonly;
  const readOnly = held.use('read-only switch', await ReadOnly.start(objects, enabled, logger));
  const events = notificationEventsCounter(metrics);
  const notifier = held.use(
    'notifier',
    new Notifier({
      ...{ config: config.notifications, objects, logger, queued },
      source: { addr: `${hostname()}:${config.http.addr.port}`, instanceID: crypto.randomUUID() },
      count: (endpoint, outcome, count) => events.inc({ endpoint, outcome }, count),
    }),
  );
  const writes = new WriteHealth({
    probe: (signal) => stores.probeWrites(signal),
    everyMs: stores.probeEveryMs,
    areWanted: () => readOnly.takesWrites,
    logger,
  });
  return {
    ...{ ...edge, objects, changes, audit, readOnly, notifier, writes },
    clientAddress: clientAddressOf(proxies, warnOfSilence(proxies.header, logger)),
    accessLog: !config.log.accesslog.disabled,
    preflight: allowsOrigins(config.http.headers),
    trustedOrigins: trustedOrigins(config.http),
  };
}
