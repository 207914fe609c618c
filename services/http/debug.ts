import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { bearerCheck } from './bearer-check.ts';
import { distributionHealthRoutes, healthRoutes, type Readiness } from './health.ts';
import { checkHost } from './host-check.ts';
import { type Listener, type ListenTls, listen } from './listen.ts';
import type { Metrics } from './metrics.ts';
import { mountNotFound, mountRoutes, type Route } from './routes.ts';

export interface DebugOptions {
  readonly address: {
    readonly addr: { readonly host: string; readonly port: number };
    /** The setting that has the address, and the one that gives this process another. */
    readonly key: string;
    readonly settable: string;
  };
  /** A socket of the service manager at that address. */
  readonly descriptor?: number | undefined;
  readonly tls: ListenTls | undefined;
  /** What requests for metrics must show, if anything. */
  readonly bearerToken: string | undefined;
  /**
   * The only host name besides localhost that requests may name; false to allow any. See {@link checkHost}. Asked each time:
   * a reload may change it.
   */
  readonly publicName: () => string | undefined | false;
  /** Undefined when metrics are switched off. */
  readonly metricsPath: string | undefined;
  /** Of the whole process. */
  readonly readiness: Readiness;
  /** Further ones of this process. */
  readonly routes?: readonly Route[];
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
  app.use((ctx, next) => {
    const publicName = options.publicName();
    return publicName === false ? next() : checkHost(publicName)(ctx, next);
  });
  const { readiness, routes = [] } = options;
  mountRoutes(app, [...healthRoutes(readiness), ...distributionHealthRoutes(readiness), ...routes]);
  const isShown = bearerCheck(options.bearerToken);
  if (options.metricsPath !== undefined)
    mountRoutes(app, [
      {
        method: 'GET',
        path: options.metricsPath,
        name: 'metrics',
        handle: async (ctx) => {
          isShown(ctx);
          ctx.set('Content-Type', metrics.contentType);
          ctx.body = Buffer.from(await metrics.scrape());
        },
      },
    ]);
  mountNotFound(app);
  const { addr, key, settable } = options.address;
  const { tls, descriptor } = options;
  return listen(app.callback(), { ...addr, key, settable, tls, descriptor });
}
