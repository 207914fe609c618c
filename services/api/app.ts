import { onlyPublicName } from '../config/reach.ts';
import { manifestRulesOf, promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { type Authenticator, OPEN_AUTHENTICATOR } from '../http/access/authenticator.ts';
import { proxiesOf } from '../http/forwarded.ts';
import { THIS_PROCESS } from '../http/owner.ts';
import { reportDamage } from '../http/report-damage.ts';
import type { Route } from '../http/routes.ts';
import { createService, type Service, type ServiceParts } from '../http/service.ts';
import { calledUrlsOf, urlsOf } from '../http/urls.ts';
import { contentOf } from '../registry/content/content.ts';
import { Reader } from '../registry/content/reader.ts';
import { checkpointsWithin } from '../registry/content/upload-body.ts';
import { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import { PublicationFollower } from '../registry/publishing/publication/follower.ts';
import { PublicBlobs, type PublicBlobsOptions } from '../registry/publishing/publication/public-blobs.ts';
import { withPublications } from '../registry/publishing/publishing-content.ts';
import { apiMetrics, reportMirrors } from './metrics.ts';
import { followTroubles } from './pull/follow-troubles.ts';
import { apiRoutes } from './routes.ts';

/** Makes a stateless registry node: the OCI API and its redirects. `authenticatorRoutes` are the authenticator's own. */
export async function createApi(
  config: Config,
  parts: ServiceParts,
  authenticatorRoutes: readonly Route[] = [],
): Promise<Service & AsyncDisposable> {
  const { objects, changes, readOnly, metrics, logger } = parts;
  const content = withPublications(
    contentOf(objects, {
      tagReadsAtOnce: config.storage.tag.concurrencylimit,
      deletedTagsMax: config.limits.deletedtags,
      uploads: checkpointsWithin(config.storage.maintenance.uploadpurging.age),
      onDamage: reportDamage(metrics, logger),
      writes: readOnly,
      owner: THIS_PROCESS,
      ...parts.waits,
    }),
  );
  const reader = new Reader(content);
  const unsubscribe = changes.subscribe((change) => {
    if (change.kind === 'tag-moved') reader.tagMoved(change.repository, change.tag);
    if (change.kind === 'content-removed') reader.contentRemoved(change.repository, change.digest);
    if (change.kind === 'resync') reader.resync();
  });
  const publications = await PublicationFollower.start({ ...content, changes, logger });
  const publicBlobs = new PublicBlobs({ ...content, mayPull: anonymousPullOf(parts.authenticator) });
  const board = await MirrorStates.start({ objects, mirrors: config.mirrors, changes, logger });
  const clients = followTroubles({ objects, changes, board, logger });
  const { host, relativeurls, prefix } = config.http;
  const node = {
    ...{ ...parts, content, reader, publications, publicBlobs, board, troubles: clients.troubles },
    policy: promotionPolicyOf(config),
    rules: manifestRulesOf(config),
    metrics: apiMetrics(metrics),
    redirects: !config.storage.redirect.disable,
    deletes: config.storage.delete.enabled,
    limits: { tagsMax: config.tags.maxtags, catalogMax: config.catalog.maxentries },
    manifestLimits: config.limits.manifests,
    urlOf: urlsOf({ host, relativeUrls: relativeurls, prefix }),
    baseUrlOf: calledUrlsOf(config.http, proxiesOf(config.http)),
  };
  reportMirrors(metrics, board, () => publications.head);
  const service = createService(parts, {
    process: 'api',
    publicName: onlyPublicName(config, config.http.addr),
    headers: { 'Docker-Distribution-API-Version': 'registry/2.0' },
    routes: [...authenticatorRoutes, ...apiRoutes(node)],
  });
  return {
    ...service,
    async [Symbol.asyncDispose]() {
      unsubscribe();
      await Promise.all([
        publications[Symbol.asyncDispose](),
        clients[Symbol.asyncDispose](),
        board[Symbol.asyncDispose](),
      ]);
    },
  };
}

/** From which repositories clients without credentials may pull; undefined where everyone may do everything. */
function anonymousPullOf(authenticator: Authenticator): PublicBlobsOptions['mayPull'] {
  if (authenticator === OPEN_AUTHENTICATOR) return undefined;
  return (name, address) =>
    authenticator.anonymous(address).decide({ type: 'repository', name, action: 'pull' }).isAllowed;
}
