import { onlyPublicName } from '../config/reach.ts';
import type { Config } from '../config/schema.ts';
import { proxiesOf } from '../http/forwarded.ts';
import { createService, type Service, type ServiceParts } from '../http/service.ts';
import { calledUrlsOf } from '../http/urls.ts';
import { ENDPOINTS, releaseRoutes } from './endpoints.ts';
import type { ReleaseMemory } from './memory.ts';
import { releaseMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import type { ReleaseService } from './service.ts';

/** A release service that is ready to be given a port. */
export interface Release extends Service {
  /** Ends promotions that wait for mirrors, so that their clients get a reason instead of a cut connection. */
  stopWaiting(): void;
}

/** No `problems` unless given. */
export type ReleaseOptions = Pick<ReleaseService, 'policy' | 'version'> &
  Partial<Pick<ReleaseService, 'problems'>>;

/** Makes the control plane: promotions, the publication log, mirrors, status. Others may share its memory. */
export function createRelease(
  config: Config,
  parts: ServiceParts,
  { content, board }: ReleaseMemory,
  { policy, version, problems = () => [] }: ReleaseOptions,
): Release {
  const stop = new AbortController();
  const service = createService(parts, {
    process: 'release',
    publicName: onlyPublicName(config, config.promotion?.http?.addr ?? config.http.addr),
    routes: releaseRoutes({
      ...{ ...parts, content, board, policy, version, problems },
      metrics: releaseMetrics(parts.metrics),
      openApi: openApiDocument(ENDPOINTS, version),
      baseUrlOf: calledUrlsOf(config.http, proxiesOf(config.http)),
      redirects: !config.storage.redirect.disable,
      signal: stop.signal,
    }),
  });
  return { ...service, stopWaiting: () => stop.abort() };
}
