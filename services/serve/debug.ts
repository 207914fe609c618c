import type { Logger } from 'pino';
import { debugAddressOf } from '../config/debug-address.ts';
import { publicNameOf } from '../config/reach.ts';
import type { Config } from '../config/schema.ts';
import type { DebugOptions } from '../http/debug.ts';
import { certificateReport } from '../http/http-metrics.ts';
import type { Metrics } from '../http/metrics.ts';
import { isLoopback } from '../registry/access/networks.ts';
import type { Part } from './parts.ts';

/** The debug port of the process that runs these parts; undefined without `http.debug`. */
export function debugOptionsOf(
  config: Config,
  parts: readonly Part[],
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): Omit<DebugOptions, 'publicName' | 'readiness'> | undefined {
  const { debug } = config.http;
  const address = debugAddressOf(config, parts);
  if (!debug || !address) return undefined;
  const { prometheus, tls, bearertoken } = debug;
  return {
    address,
    tls: tls && {
      ...{ ...tls, section: 'http.debug.tls', logger },
      certificateInUse: certificateReport(metrics, 'http.debug.tls'),
    },
    bearerToken: bearertoken,
    metricsPath: prometheus.enabled ? prometheus.path : undefined,
  };
}

/** The only name, besides localhost, that the debug port may be asked for; false for any: beyond loopback, scrapes use any. */
export function debugNameOf(config: Config, parts: readonly Part[]): string | undefined | false {
  const address = debugAddressOf(config, parts);
  return address !== undefined && isLoopback(address.addr.host) && publicNameOf(config.http);
}
