import type { Logger } from 'pino';
import type { Audit } from '../registry/audit/audit.ts';
import type { Notifier } from '../registry/notifications/notifier.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import type { ReadOnly } from '../registry/storage/read-only.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';
import type { Authenticator } from './access/authenticator.ts';
import { type AppOptions, createApp } from './app.ts';
import { clientAddressOf } from './client-address.ts';
import type { App } from './context.ts';
import { healthRoutes, Readiness } from './health.ts';
import { checkHost } from './host-check.ts';
import type { Metrics } from './metrics.ts';
import { allowsOrigins } from './preflight.ts';
import type { RequestLimits } from './request-limits.ts';
import { mountNotFound, mountRoutes, type Route } from './routes.ts';

/** What the services of one program share. */
export interface ServiceParts {
  readonly objects: ObjectStore;
  readonly changes: Changes;
  readonly readOnly: ReadOnly;
  readonly writes: WriteHealth;
  readonly notifier: Notifier;
  readonly audit: Audit;
  readonly authenticator: Authenticator;
  readonly limits?: RequestLimits | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The settings that every service obeys, by the configuration's names. */
interface ServiceSettings {
  readonly http: {
    readonly trustedproxies: readonly string[];
    readonly headers: Readonly<Record<string, readonly string[]>>;
  };
  readonly log: { readonly accesslog: { readonly disabled: boolean } };
}

export interface ServiceOptions {
  readonly process: AppOptions['process'];
  readonly settings: ServiceSettings;
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
  const { limits, authenticator, metrics, logger } = parts;
  const { process, settings, publicName, headers = {}, routes } = options;
  const readiness = new Readiness(parts.objects, parts.writes);
  const app = createApp({
    ...{ process, logger, metrics, limits },
    clientAddress: clientAddressOf(settings.http.trustedproxies),
    accessLog: !settings.log.accesslog.disabled,
    preflight: allowsOrigins(settings.http.headers),
  });
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
