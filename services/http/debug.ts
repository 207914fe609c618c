import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { distributionHealthRoutes, healthRoutes, type Readiness } from './health.ts';
import { checkHost } from './host-check.ts';
import { type Listener, listen } from './listen.ts';
import type { Metrics } from './metrics.ts';
import { mountNotFound, mountRoutes } from './routes.ts';

export interface DebugOptions {
  readonly addr: { readonly host: string; readonly port: number };
  /** The only host name besides localhost that requests may name. See {@link checkHost}. */
  readonly publicName: string | undefined;
  /** Undefined when metrics are switched off. */
  readonly metricsPath: string | undefined;
  /** Of the whole process. */
  readonly readiness: Readiness;
}

/** The debug listener (Distribution's `http.debug`): health and Prometheus metrics on a port of their own. */
export async function listenDebug(
  options: DebugOptions,
  metrics: Metrics,
  logger: Logger,
): Promise<Listener> {
  const app = createApp({
    process: 'debug',
    logger,
    metrics,
    clientAddress: (request) => request.socket.remoteAddress ?? '',
    accessLog: false,
  });
  app.use(checkHost(options.publicName));
  mountRoutes(app, [...healthRoutes(options.readiness), ...distributionHealthRoutes(options.readiness)]);
  if (options.metricsPath !== undefined)
    mountRoutes(app, [
      {
        method: 'GET',
        path: options.metricsPath,
        name: 'metrics',
        handle: async (ctx) => {
          ctx.set('Content-Type', metrics.contentType);
          ctx.body = Buffer.from(await metrics.scrape());
        },
      },
    ]);
  mountNotFound(app);
  return listen(app.callback(), { ...options.addr, key: 'http.debug.addr' });
}
