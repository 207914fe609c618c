import { onlyPublicName } from '../config/reach.ts';
import { manifestRulesOf, promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { type Authenticator, OPEN_AUTHENTICATOR } from '../http/access/authenticator.ts';
import { proxiesOf } from '../http/forwarded.ts';
import type { Route } from '../http/routes.ts';
import { createService, type Service, type ServiceParts } from '../http/service.ts';
import { calledUrlsOf, urlsOf } from '../http/urls.ts';
import type { PublicBlobsOptions } from '../registry/publishing/publication/public-blobs.ts';
import type { ApiMemory } from './memory.ts';
import { apiMetrics } from './metrics.ts';
import { apiRoutes } from './routes.ts';

/**
 * Makes a stateless registry node: the OCI API and its redirects. What it learns is in `memory`, which others may share.
 * `authenticatorRoutes` are the authenticator's own.
 */
export function createApi(
  config: Config,
  parts: ServiceParts,
  { publicBlobs, ...memory }: ApiMemory,
  authenticatorRoutes: readonly Route[] = [],
): Service {
  const { host, relativeurls, prefix } = config.http;
  const node = {
    ...{ ...parts, ...memory, publicBlobs: publicBlobs.withRules(anonymousPullOf(parts.authenticator)) },
    policy: promotionPolicyOf(config),
    rules: manifestRulesOf(config),
    metrics: apiMetrics(parts.metrics),
    redirects: !config.storage.redirect.disable,
    deletes: config.storage.delete.enabled,
    limits: { tagsMax: config.tags.maxtags, catalogMax: config.catalog.maxentries },
    manifestLimits: config.limits.manifests,
    urlOf: urlsOf({ host, relativeUrls: relativeurls, prefix }),
    baseUrlOf: calledUrlsOf(config.http, proxiesOf(config.http)),
  };
  return createService(parts, {
    process: 'api',
    publicName: onlyPublicName(config, config.http.addr),
    headers: { 'Docker-Distribution-API-Version': 'registry/2.0' },
    routes: [...authenticatorRoutes, ...apiRoutes(node)],
  });
}

/** From which repositories clients without credentials may pull; undefined where everyone may do everything. */
function anonymousPullOf(authenticator: Authenticator): PublicBlobsOptions['mayPull'] {
  if (authenticator === OPEN_AUTHENTICATOR) return undefined;
  return (name, address) =>
    authenticator.anonymous(address).decide({ type: 'repository', name, action: 'pull' }).isAllowed;
}
