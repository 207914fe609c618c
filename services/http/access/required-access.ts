import type {
  AccessRequest,
  RegistryAction,
  RepositoryAction,
} from '../../registry/access/access-request.ts';
import { parseRepositoryName } from '../../registry/oci/names.ts';
import type { RouteContext } from '../context.ts';
import { param } from '../parameters.ts';

/** What the client of an endpoint must be allowed to do. */
export type RequiredAccess = (ctx: RouteContext) => readonly AccessRequest[];

/** Any known client: what `docker login` asks for. */
export const identity: RequiredAccess = () => [];

/** An action on the repository that the path names. */
export function onRepository(action: RepositoryAction): RequiredAccess {
  return (ctx) => [{ type: 'repository', name: parseRepositoryName(param(ctx, 'name')), action }];
}

/** An action on the registry as a whole. */
export function onRegistry(action: RegistryAction): RequiredAccess {
  return () => [{ type: 'registry', action }];
}
