import { hostname } from 'node:os';
import type { Config } from '../config/schema.ts';
import { combinedLog } from '../http/access-log.ts';
import { clientAddressOf } from '../http/client-address.ts';
import { proxiesOf } from '../http/forwarded.ts';
import type { LogOfProcess } from '../http/logger.ts';
import type { Metrics } from '../http/metrics.ts';
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
import { checksPasswords, type LivingLimits, loginGuardOf, requestLimitsOf } from './limits.ts';
import { isOnly, type Part } from './parts.ts';
import type { Generation } from './reload/generation.ts';

/** The stores, as far as they are needed here. */
interface ProbedStores extends Pick<ServiceParts, 'objects' | 'changes'> {
  readonly attempts: Parameters<typeof loginGuardOf>[1];
  readonly probeWrites: (signal?: AbortSignal) => Promise<void>;
  readonly probeEveryMs: number;
}

/** What the services of this program share for as long as it runs, whatever its configuration becomes. */
export interface Foundation
  extends Pick<ServiceParts, 'objects' | 'changes' | 'audit' | 'readOnly' | 'writes' | 'metrics' | 'logger'> {
  readonly limits: LivingLimits;
  /** Writes a line to the log as it is. */
  readonly writeLine: LogOfProcess['writeLine'];
  /** Of this process, in notifications. */
  readonly instanceID: string;
}

/** What a process has before its services. */
interface FoundationGiven {
  readonly config: Config;
  readonly parts: readonly Part[];
  readonly stores: ProbedStores;
  readonly metrics: Metrics;
  readonly log: LogOfProcess;
  readonly held: HeldParts;
}

/** Opens the audit record, the read-only switch, the watch over writes, and limits; `held` disposes them. */
export async function openFoundation({
  config,
  parts,
  stores,
  metrics,
  log,
  held,
}: FoundationGiven): Promise<Foundation> {
  const { logger, writeLine } = log;
  const { objects, changes } = stores;
  const limits = {
    requests: requestLimitsOf(config, isOnly(parts, 'sync') ? undefined : metrics),
    logins: loginGuardOf(config, stores.attempts, checksPasswords(config, parts) ? metrics : undefined),
  };
  if (config.notifications.endpoints.length > 0 && !isOnly(parts, 'token'))
    notificationEventsCounter(metrics);
  const audit = held.use('audit', auditOf(config, { objects, logger }, metrics));
  const { enabled } = config.storage.maintenance.readonly;
  const readOnly = held.use('read-only switch', await ReadOnly.start(objects, enabled, logger));
  const writes = new WriteHealth({
    probe: (signal) => stores.probeWrites(signal),
    everyMs: stores.probeEveryMs,
    areWanted: () => readOnly.takesWrites,
    logger,
  });
  const instanceID = crypto.randomUUID();
  return { objects, changes, audit, readOnly, writes, metrics, logger, writeLine, limits, instanceID };
}

/**
 * Opens what the services share under one configuration. `queued` is called when an event was queued for an endpoint.
 */
export async function openShared(
  config: Config,
  { limits, instanceID, writeLine, ...foundation }: Foundation,
  authenticator: ServiceParts['authenticator'],
  generation: Generation,
  queued: (endpoint: string) => void,
): Promise<ServiceParts> {
  const { objects, metrics, logger } = foundation;
  const proxies = proxiesOf(config.http);
  const notifier = await generation.use(
    'notifier',
    ['notifications'],
    () =>
      new Notifier({
        ...{ config: config.notifications, objects, logger, queued },
        source: { addr: `${hostname()}:${config.http.addr.port}`, instanceID },
        count: (endpoint, outcome, count) =>
          notificationEventsCounter(metrics).inc({ endpoint, outcome }, count),
      }),
  );
  return {
    ...{ ...foundation, authenticator, notifier, limits: limits.requests },
    clientAddress: clientAddressOf(proxies, warnOfSilence(proxies.header, logger)),
    accessLog: accessLogOf(config, { logger, writeLine }),
    preflight: allowsOrigins(config.http.headers),
    trustedOrigins: trustedOrigins(config.http),
  };
}

/** How requests are logged. */
function accessLogOf(
  { log: { accesslog } }: Config,
  { logger, writeLine }: Pick<LogOfProcess, 'logger' | 'writeLine'>,
): ServiceParts['accessLog'] {
  if (accesslog.disabled) return false;
  return accesslog.format === 'structured' || combinedLog(logger, writeLine);
}
