import type { z } from 'zod';
import type { RequiredAccess } from '../http/access/required-access.ts';
import type { Route } from '../http/routes.ts';
import type { ReleaseService } from './service.ts';

/** An endpoint of the release service, with what its documentation is made of. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** In OpenAPI's notation. */
  readonly path: string;
  readonly name: string;
  readonly summary: string;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly required: boolean }>>;
  /** As in {@link Route}; left out where the handler checks it, or for open endpoints. */
  readonly requiredAccess?: RequiredAccess;
  readonly request?: z.ZodType;
  readonly response: z.ZodType | undefined;
  readonly responseType: 'application/json' | 'application/x-ndjson';
  readonly handle: (service: ReleaseService) => Route['handle'];
}
