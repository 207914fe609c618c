import type { Logger } from 'pino';
import { onlyPublicName } from '../config/public-name.ts';
import type { Config } from '../config/schema.ts';
import { type App, createApp } from '../http/app.ts';
import { clientAddressOf } from '../http/client-address.ts';
import { healthRoutes, Readiness } from '../http/health.ts';
import { checkHost } from '../http/host-check.ts';
import type { Metrics } from '../http/metrics.ts';
import { mountNotFound, mountRoutes } from '../http/routes.ts';
import { contentOf } from '../registry/content/content.ts';
import { MirrorBoard } from '../registry/mirrors/board.ts';
import type { PromotionPolicy } from '../registry/promotion/policy.ts';
import type { Stores } from '../stores/open.ts';
import { releaseRoutes } from './endpoints.ts';

/** A release service that is ready to be given a port. */
export interface Release extends AsyncDisposable {
  readonly app: App;
  readonly readiness: Readiness;
  /** Ends promotions that wait for mirrors, so that they are told why instead of being cut off. */
  stopWaiting(): void;
}

/** Makes the control plane: promotions, the publication log, mirrors, status. */
export async function createRelease(
  config: Config,
  policy: PromotionPolicy,
  stores: Stores,
  metrics: Metrics,
  logger: Logger,
  version: string,
): Promise<Release> {
  const { objects, changes } = stores;
  const stop = new AbortController();
  const content = contentOf(objects);
  const board = await MirrorBoard.start({ objects, mirrors: config.mirrors, changes, logger });
  const readiness = new Readiness(objects);
  const service = {
    content,
    board,
    changes,
    policy,
    metrics,
    logger,
    version,
    redirects: !config.storage.redirect.disable,
    signal: stop.signal,
  };
  const app = createApp({
    process: 'release',
    logger,
    metrics,
    clientAddress: clientAddressOf(config.http.trustedproxies),
    accessLog: !config.log.accesslog.disabled,
  });
  const publicName = onlyPublicName(config, config.promotion?.http?.addr ?? config.http.addr);
  if (publicName !== false) app.use(checkHost(publicName));
  mountRoutes(app, [...healthRoutes(readiness), ...releaseRoutes(service)]);
  mountNotFound(app);
  return {
    app,
    readiness,
    stopWaiting: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await board[Symbol.asyncDispose]();
    },
  };
}
