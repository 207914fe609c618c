import type { z } from 'zod';
import type { ServiceRoute } from '../http/service-routes.ts';
import type { ReleaseService } from './service.ts';

/** An endpoint of the release service, with what its documentation is made of. */
export interface Endpoint extends ServiceRoute<ReleaseService> {
  readonly method: 'GET' | 'POST';
  /** In OpenAPI's notation. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly required: boolean }>>;
  readonly request?: z.ZodType;
  readonly response: z.ZodType | undefined;
  /** JSON unless given. */
  readonly responseType?: 'application/x-ndjson';
}
