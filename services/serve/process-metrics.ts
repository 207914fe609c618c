import type { Config } from '../config/schema.ts';
import { DistributionNames } from '../http/distribution-names.ts';
import type { Readiness } from '../http/health.ts';
import { Metrics } from '../http/metrics.ts';
import type { StoreObserver } from '../registry/storage/measured.ts';
import type { ReadOnly } from '../registry/storage/read-only.ts';
import type { Part } from './parts.ts';
import { fullVersion } from './version.ts';

/** Requests to a local disk, and to a store far away. */
const STORE_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of the process that runs these parts, with what every process knows of itself. */
export function metricsOf({ http: { debug } }: Config, parts: readonly Part[]): Metrics {
  const hasNames = parts.includes('api') && debug?.prometheus.enabled && debug.prometheus.distributionnames;
  const metrics = new Metrics({ distribution: hasNames ? new DistributionNames() : undefined });
  const info = metrics.gauge(
    'roadstead_build_info',
    '1; which program this is, and which processes of a registry it is.',
    ...(['version', 'commit', 'parts'] as const),
  );
  let isSet = false;
  // Not at the start: among sources, the commit is asked of git.
  metrics.onScrape(() => {
    if (isSet) return;
    const { version, commit = '' } = fullVersion();
    info.set({ version, commit, parts: parts.join('+') }, 1);
    isSet = true;
  });
  return metrics;
}

/** Counts each request to the store. */
export function storeObserver(metrics: Metrics, driver: string): StoreObserver {
  const requests = metrics.histogram(
    'roadstead_store_request_duration_seconds',
    'Time of requests to the object store, by driver, operation and outcome: ok, full, unavailable, aborted, failed.',
    STORE_SECONDS,
    'driver',
    'operation',
    'outcome',
  );
  return (operation, outcome, seconds) => {
    requests.observe({ driver, operation, outcome }, seconds);
    metrics.distribution?.stored(driver, operation, seconds);
  };
}

/** Reports at each scrape what `/readyz` says of this process. */
export function reportHealth(metrics: Metrics, readiness: Readiness, readOnly: ReadOnly): void {
  const ready = metrics.gauge(
    'roadstead_ready',
    '1 if the process may receive requests (/readyz), 0 if not.',
  );
  const writes = metrics.unsetGauge(
    'roadstead_writes_ok',
    '1 if writes to the store succeed, 0 if not; missing while writes are off.',
  );
  const off = metrics.gauge(
    'roadstead_read_only',
    '1 while writes are off (roadstead read-only, maintenance).',
  );
  metrics.onScrape(async () => {
    const [problem, writeProblem] = await Promise.all([readiness.problem(), readiness.writeProblem()]);
    ready.set(problem === undefined ? 1 : 0);
    off.set(readOnly.takesWrites ? 0 : 1);
    if (readOnly.takesWrites) writes.set(writeProblem === undefined ? 1 : 0);
    else writes.remove();
  });
}
