import { onRegistry } from '../http/access/required-access.ts';
import type { Route } from '../http/routes.ts';
import { routesOf } from '../http/service-routes.ts';
import type { Endpoint } from './endpoint.ts';
import { getExplanation, pullOfAsked } from './explain.ts';
import { getMirrors, getStatus } from './mirrors.ts';
import { getOpenApi } from './openapi.ts';
import { postPromotion } from './promotions.ts';
import { getPublication, getPublications } from './publications.ts';
import {
  ExplainBody,
  MirrorsBody,
  PromotionEventBody,
  PromotionRequestBody,
  PublicationBody,
  PublicationsBody,
  StatusBody,
} from './schemas.ts';
import type { ReleaseService } from './service.ts';

const view = { method: 'GET', requiredAccess: onRegistry('view') } as const;

/** Every endpoint under `/api/v1/`. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...view,
    path: '/api/v1/publications',
    name: 'publications',
    summary: 'The publication log, newest first',
    query: {
      before: { description: 'Only entries with a lower number', required: false },
      limit: { description: 'Page size; 20 unless given, 100 at most', required: false },
    },
    response: PublicationsBody,
    handle: getPublications,
  },
  {
    ...view,
    path: '/api/v1/publications/{seq}',
    name: 'publication',
    summary: 'One entry of the publication log',
    response: PublicationBody,
    handle: getPublication,
  },
  {
    // The body names the repositories, so the handler checks the access to them.
    method: 'POST',
    path: '/api/v1/promotions',
    name: 'promotions',
    summary: 'Promote an image into a stable repository; each step is a line of the answer',
    request: PromotionRequestBody,
    response: PromotionEventBody,
    responseType: 'application/x-ndjson',
    handle: postPromotion,
  },
  {
    ...view,
    path: '/api/v1/mirrors',
    name: 'mirrors',
    summary: "Every mirror's watermark, lag and health",
    response: MirrorsBody,
    handle: getMirrors,
  },
  {
    ...view,
    path: '/api/v1/status',
    name: 'status',
    summary: 'Everything at a glance, and what is wrong',
    response: StatusBody,
    handle: getStatus,
  },
  {
    // The answer says what is in a repository.
    requiredAccess: (ctx) => [...onRegistry('view')(ctx), ...pullOfAsked(ctx)],
    method: 'GET',
    path: '/api/v1/explain',
    name: 'explain',
    summary: 'Why a client would be sent where for a blob',
    query: {
      repository: { description: 'The repository', required: true },
      digest: { description: "The blob's digest", required: true },
      client: { description: "The client's IP address", required: false },
    },
    response: ExplainBody,
    handle: getExplanation,
  },
  {
    method: 'GET',
    path: '/api/v1/openapi.json',
    name: 'openapi',
    summary: 'This document',
    response: undefined,
    handle: getOpenApi,
  },
];

/** The table as routes. */
export function releaseRoutes(service: ReleaseService): Route[] {
  const pathOf = ({ path }: Endpoint) => path.replace(/\{(\w+)\}/g, ':$1');
  return routesOf(
    service,
    ENDPOINTS.map((endpoint) => ({ ...endpoint, path: pathOf(endpoint) })),
  );
}
