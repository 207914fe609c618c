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
import { PublicationFollower } from '../registry/publication/follower.ts';
import { Reader } from '../registry/pull/reader.ts';
import type { Stores } from '../stores/open.ts';
import { apiRoutes } from './routes.ts';

/** An API node that is ready to be given a port. */
export interface Api extends AsyncDisposable {
  readonly app: App;
  readonly readiness: Readiness;
}

/** Makes a stateless registry node: the OCI API and its redirects. */
export async function createApi(
  config: Config,
  stores: Stores,
  metrics: Metrics,
  logger: Logger,
): Promise<Api> {
  const content = contentOf(stores.objects);
  const reader = new Reader(content);
  const unsubscribe = stores.changes.subscribe((change) => {
    if (change.kind === 'tag-moved') reader.tagMoved(change.repository, change.tag);
  });
  const { changes } = stores;
  const publications = await PublicationFollower.start({ ...content, changes, logger });
  const board = await MirrorBoard.start({
    objects: stores.objects,
    mirrors: config.mirrors,
    changes,
    logger,
  });
  const readiness = new Readiness(stores.objects);
  const app = createApp({
    process: 'api',
    logger,
    metrics,
    clientAddress: clientAddressOf(config.http.trustedproxies),
    accessLog: !config.log.accesslog.disabled,
  });
  const node = {
    content,
    reader,
    publications,
    board,
    changes,
    policy: config.promotion,
    metrics,
    redirects: !config.storage.redirect.disable,
  };
  app.use((ctx, next) => {
    ctx.set('Docker-Distribution-API-Version', 'registry/2.0');
    return next();
  });
  const publicName = onlyPublicName(config, config.http.addr);
  if (publicName !== false) app.use(checkHost(publicName));
  mountRoutes(app, [...healthRoutes(readiness), ...apiRoutes(node)]);
  mountNotFound(app);
  metrics.onScrape(() => reportMirrors(metrics, board, publications.head));
  return {
    app,
    readiness,
    async [Symbol.asyncDispose]() {
      unsubscribe();
      await Promise.all([publications[Symbol.asyncDispose](), board[Symbol.asyncDispose]()]);
    },
  };
}

function reportMirrors(metrics: Metrics, board: MirrorBoard, head: number): void {
  metrics.publications.set(head);
  for (const { mirror, watermark, healthy } of board.states) {
    metrics.mirrorWatermark.set({ mirror: mirror.name }, watermark);
    metrics.mirrorLag.set({ mirror: mirror.name }, Math.max(0, head - watermark));
    metrics.mirrorUp.set({ mirror: mirror.name }, healthy ? 1 : 0);
  }
}
