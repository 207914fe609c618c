import type { Logger } from 'pino';
import type { Audit } from '../registry/audit/audit.ts';
import type { ContentOptions } from '../registry/content/content.ts';
import type { Notifier } from '../registry/notifications/notifier.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import type { ReadOnly } from '../registry/storage/read-only.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';
import type { Authenticator } from './access/authenticator.ts';
import { type AppOptions, createApp } from './app.ts';
import type { App } from './context.ts';
import { healthRoutes, Readiness } from './health.ts';
import { checkHost } from './host-check.ts';
import type { Metrics } from './metrics.ts';
import type { RequestLimits } from './request-limits.ts';
import { mountNotFound, mountRoutes, type Route } from './routes.ts';

/** What the services of one program share. */
export interface ServiceParts
  extends Pick<AppOptions, 'clientAddress' | 'accessLog' | 'preflight' | 'trustedOrigins'> {
  readonly objects: ObjectStore;
  readonly changes: Changes;
  readonly readOnly: ReadOnly;
  readonly writes: WriteHealth;
  readonly notifier: Notifier;
  readonly audit: Audit;
  readonly authenticator: Authenticator;
  readonly limits?: RequestLimits | undefined;
  /** For tests that have their own clock. */
  readonly waits?: Pick<ContentOptions, 'quarantine' | 'turns'> | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface ServiceOptions {
  readonly process: AppOptions['process'];
  /** The only host name besides localhost that requests may name; false to allow any. See {@link checkHost}. */
  readonly publicName: string | undefined | false;
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Besides `/livez` and `/readyz`. */
  readonly routes: readonly Route[];
}

/** A service that is ready to be given a port. */
export interface Service {
  readonly app: App;
  readonly readiness: Readiness;
}

/** Assembles what every service answers with: limits, host check, health, its routes, and an error for all else. */
export function createService(parts: ServiceParts, options: ServiceOptions): Service {
  const { limits, authenticator } = parts;
  const { process, publicName, headers = {}, routes } = options;
  const readiness = new Readiness(parts.objects, parts.writes);
  const app = createApp({ ...parts, process });
  app.use((ctx, next) => {
    ctx.set(headers);
    return next();
  });
  if (publicName !== false) app.use(checkHost(publicName));
  mountRoutes(
    app,
    [...healthRoutes(readiness), ...routes],
    limits?.countingAccounts(authenticator) ?? authenticator,
  );
  mountNotFound(app);
  return { app, readiness };
}
