import type { Logger } from 'pino';
import { onlyPublicName } from '../config/public-name.ts';
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
import { mountNotFound, mountRoutes } from '../http/routes.ts';
import { urlsOf } from '../http/urls.ts';
import type { Audit } from '../registry/audit/audit.ts';
import { contentOf } from '../registry/content/content.ts';
import type { Notifier } from '../registry/notifications/notifier.ts';
import { isStable } from '../registry/oci/repository-classes.ts';
import { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import type { PromotionPolicy } from '../registry/publishing/promotion/policy.ts';
import { TagRepair } from '../registry/publishing/promotion/tag-repair.ts';
import { withPublications } from '../registry/publishing/publishing-content.ts';
import type { ReadOnly } from '../registry/storage/read-only.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';
import type { Stores } from '../stores/open.ts';
import { releaseRoutes } from './endpoints.ts';

/** A release service that is ready to be given a port. */
export interface Release extends AsyncDisposable {
  readonly app: App;
  readonly readiness: Readiness;
  /** Ends promotions that wait for mirrors, so that they are told why instead of being cut off. */
  stopWaiting(): void;
}

/** What it is made of; most of it is shared with the other processes of the program. */
export interface ReleaseParts {
  readonly config: Config;
  readonly policy: PromotionPolicy;
  readonly stores: Stores;
  readonly readOnly: ReadOnly;
  readonly writes: WriteHealth;
  readonly notifier: Notifier;
  readonly authenticator: Authenticator;
  readonly audit: Audit;
  readonly limits?: RequestLimits | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly version: string;
  /** What is wrong with what this process works with, a line each; nothing unless given. */
  readonly problems?: () => readonly string[];
}

/** Makes the control plane: promotions, the publication log, mirrors, status. */
export async function createRelease(parts: ReleaseParts): Promise<Release> {
  const { config, policy, stores, readOnly, notifier, authenticator, audit, metrics, logger, version } =
    parts;
  const { objects, changes } = stores;
  const { host, prefix } = config.http;
  const stop = new AbortController();
  const content = withPublications(contentOf(objects, { onDamage: reportDamage(metrics, logger) }));
  const board = await MirrorStates.start({ objects, mirrors: config.mirrors, changes, logger });
  const repair = new TagRepair({
    ...{ content, changes, logger },
    isStable: (repository) => isStable(policy, repository),
    takesWrites: () => readOnly.takesWrites,
  });
  const readiness = new Readiness(objects, parts.writes);
  const urlOf = urlsOf({ host, relativeUrls: false, prefix }, trustedProxyTest(config.http.trustedproxies));
  const service = {
    content,
    board,
    changes,
    policy,
    readOnly,
    writes: parts.writes,
    notifier,
    authenticator,
    audit,
    baseUrlOf: (ctx: Context) => urlOf(ctx, ''),
    metrics,
    logger,
    version,
    problems: parts.problems ?? (() => []),
    redirects: !config.storage.redirect.disable,
    signal: stop.signal,
  };
  const app = createApp({
    process: 'release',
    logger,
    metrics,
    clientAddress: clientAddressOf(config.http.trustedproxies),
    accessLog: !config.log.accesslog.disabled,
    limits: parts.limits,
    preflight: allowsOrigins(config.http.headers),
  });
  const publicName = onlyPublicName(config, config.promotion?.http?.addr ?? config.http.addr);
  if (publicName !== false) app.use(checkHost(publicName));
  mountRoutes(
    app,
    [...healthRoutes(readiness), ...releaseRoutes(service)],
    parts.limits?.countingAccounts(authenticator) ?? authenticator,
  );
  mountNotFound(app);
  return {
    app,
    readiness,
    stopWaiting: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([board[Symbol.asyncDispose](), repair[Symbol.asyncDispose]()]);
    },
  };
}
