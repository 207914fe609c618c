import { onlyPublicName } from '../config/reach.ts';
import type { Config } from '../config/schema.ts';
import { proxiesOf } from '../http/forwarded.ts';
import { THIS_PROCESS } from '../http/owner.ts';
import { reportDamage } from '../http/report-damage.ts';
import { createService, type Service, type ServiceParts } from '../http/service.ts';
import { calledUrlsOf } from '../http/urls.ts';
import { contentOf } from '../registry/content/content.ts';
import { isStable } from '../registry/oci/repository-classes.ts';
import { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import { TagRepair } from '../registry/publishing/promotion/tag-repair.ts';
import { withPublications } from '../registry/publishing/publishing-content.ts';
import { ENDPOINTS, releaseRoutes } from './endpoints.ts';
import { releaseMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { ReleaseService } from './service.ts';

/** A release service that is ready to be given a port. */
export interface Release extends Service, AsyncDisposable {
  /** Ends promotions that wait for mirrors, so that their clients get a reason instead of a cut connection. */
  stopWaiting(): void;
}

/** No `problems` unless given. */
export type ReleaseOptions = Pick<ReleaseService, 'policy' | 'version'> &
  Partial<Pick<ReleaseService, 'problems'>>;

/** Makes the control plane: promotions, the publication log, mirrors, status. */
export async function createRelease(
  config: Config,
  parts: ServiceParts,
  { policy, version, problems = () => [] }: ReleaseOptions,
): Promise<Release> {
  const { objects, changes, readOnly, metrics, logger } = parts;
  const stop = new AbortController();
  const content = withPublications(
    contentOf(objects, {
      onDamage: reportDamage(metrics, logger),
      owner: THIS_PROCESS,
      ...parts.waits,
    }),
  );
  const board = await MirrorStates.start({ objects, mirrors: config.mirrors, changes, logger });
  const repair = new TagRepair({
    ...{ content, changes, logger },
    isStable: (repository) => isStable(policy, repository),
    takesWrites: () => readOnly.takesWrites,
  });
  const service = createService(parts, {
    process: 'release',
    publicName: onlyPublicName(config, config.promotion?.http?.addr ?? config.http.addr),
    routes: releaseRoutes({
      ...{ ...parts, content, board, policy, version, problems },
      metrics: releaseMetrics(metrics),
      openApi: openApiDocument(ENDPOINTS, version),
      baseUrlOf: calledUrlsOf(config.http, proxiesOf(config.http)),
      redirects: !config.storage.redirect.disable,
      signal: stop.signal,
    }),
  });
  return {
    ...service,
    stopWaiting: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([board[Symbol.asyncDispose](), repair[Symbol.asyncDispose]()]);
    },
  };
}
