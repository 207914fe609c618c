import type { Logger } from 'pino';
import { onlyPublicName } from '../config/public-name.ts';
import { manifestRulesOf, promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import type { Authenticator } from '../http/access/authenticator.ts';
import { createApp } from '../http/app.ts';
import { clientAddressOf, trustedProxyTest } from '../http/client-address.ts';
import type { App, Context } from '../http/context.ts';
import { healthRoutes, Readiness } from '../http/health.ts';
import { checkHost } from '../http/host-check.ts';
import type { Metrics } from '../http/metrics.ts';
import { allowsOrigins } from '../http/preflight.ts';
import { reportDamage } from '../http/report-damage.ts';
import type { RequestLimits } from '../http/request-limits.ts';
import { mountNotFound, mountRoutes, type Route } from '../http/routes.ts';
import { urlsOf } from '../http/urls.ts';
import type { Audit } from '../registry/audit/audit.ts';
import { contentOf } from '../registry/content/content.ts';
import { Reader } from '../registry/content/reader.ts';
import type { Notifier } from '../registry/notifications/notifier.ts';
import { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import { Retries } from '../registry/publishing/mirrors/retries.ts';
import { PublicationFollower } from '../registry/publishing/publication/follower.ts';
import { withPublications } from '../registry/publishing/publishing-content.ts';
import type { ReadOnly } from '../registry/storage/read-only.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';
import type { Stores } from '../stores/open.ts';
import { apiRoutes } from './routes.ts';

/** An API node that is ready to be given a port. */
export interface Api extends AsyncDisposable {
  readonly app: App;
  readonly readiness: Readiness;
}

/** What the processes of one program share. */
export interface ApiParts {
  readonly config: Config;
  readonly stores: Stores;
  readonly readOnly: ReadOnly;
  readonly writes: WriteHealth;
  readonly notifier: Notifier;
  readonly authenticator: Authenticator;
  /** What clients ask of the door itself. */
  readonly authenticatorRoutes?: readonly Route[];
  readonly audit: Audit;
  readonly limits?: RequestLimits | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Makes a stateless registry node: the OCI API and its redirects. */
export async function createApi(parts: ApiParts): Promise<Api> {
  const { config, stores, readOnly, notifier, authenticator, audit, metrics, logger } = parts;
  const content = withPublications(
    contentOf(stores.objects, {
      tagReadsAtOnce: config.storage.tag.concurrencylimit,
      onDamage: reportDamage(metrics, logger),
    }),
  );
  const reader = new Reader(content);
  const { changes } = stores;
  const self = crypto.randomUUID();
  const retries = new Retries({
    announce: (keys) => changes.publish({ kind: 'blobs-asked', by: self, keys }),
  });
  const unsubscribe = changes.subscribe((change) => {
    if (change.kind === 'tag-moved') reader.tagMoved(change.repository, change.tag);
    if (change.kind === 'content-removed') reader.contentRemoved(change.repository, change.digest);
    if (change.kind === 'resync') reader.resync();
    if (change.kind === 'blobs-asked' && change.by !== self) retries.heard(change.keys);
  });
  const publications = await PublicationFollower.start({ ...content, changes, logger });
  const board = await MirrorStates.start({
    objects: stores.objects,
    mirrors: config.mirrors,
    changes,
    logger,
  });
  const readiness = new Readiness(stores.objects, parts.writes);
  const app = createApp({
    process: 'api',
    logger,
    metrics,
    clientAddress: clientAddressOf(config.http.trustedproxies),
    accessLog: !config.log.accesslog.disabled,
    limits: parts.limits,
    preflight: allowsOrigins(config.http.headers),
  });
  const { host, relativeurls, prefix } = config.http;
  const isTrusted = trustedProxyTest(config.http.trustedproxies);
  const absoluteUrlOf = urlsOf({ host, relativeUrls: false, prefix }, isTrusted);
  const node = {
    content,
    reader,
    publications,
    board,
    retries,
    changes,
    policy: promotionPolicyOf(config),
    rules: manifestRulesOf(config),
    readOnly,
    notifier,
    audit,
    metrics,
    redirects: !config.storage.redirect.disable,
    deletes: config.storage.delete.enabled,
    limits: { tagsMax: config.tags.maxtags, catalogMax: config.catalog.maxentries },
    urlOf: urlsOf({ host, relativeUrls: relativeurls, prefix }, isTrusted),
    baseUrlOf: (ctx: Context) => absoluteUrlOf(ctx, ''),
  };
  app.use((ctx, next) => {
    ctx.set('Docker-Distribution-API-Version', 'registry/2.0');
    return next();
  });
  const publicName = onlyPublicName(config, config.http.addr);
  if (publicName !== false) app.use(checkHost(publicName));
  mountRoutes(
    app,
    [...healthRoutes(readiness), ...(parts.authenticatorRoutes ?? []), ...apiRoutes(node)],
    parts.limits?.countingAccounts(authenticator) ?? authenticator,
  );
  mountNotFound(app);
  metrics.onScrape(() => reportMirrors(metrics, board, publications.head));
  return {
    app,
    readiness,
    async [Symbol.asyncDispose]() {
      unsubscribe();
      retries[Symbol.dispose]();
      await Promise.all([publications[Symbol.asyncDispose](), board[Symbol.asyncDispose]()]);
    },
  };
}

function reportMirrors(metrics: Metrics, board: MirrorStates, head: number): void {
  metrics.publications.set(head);
  for (const { mirror, watermark, healthy } of board.states) {
    metrics.mirrorWatermark.set({ mirror: mirror.name }, watermark);
    metrics.mirrorLag.set({ mirror: mirror.name }, Math.max(0, head - watermark));
    metrics.mirrorUp.set({ mirror: mirror.name }, healthy ? 1 : 0);
  }
}
