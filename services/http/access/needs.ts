import type { RegistryAction, RepositoryAction, Wanted } from '../../registry/access/wanted.ts';
import { parseRepositoryName } from '../../registry/oci/names.ts';
import type { RouteContext } from '../context.ts';
import { param } from '../parameters.ts';

/** What whoever asks for an endpoint must be allowed to do. */
export type Needs = (ctx: RouteContext) => readonly Wanted[];

/** Somebody, whoever they are: what `docker login` asks. */
export const identity: Needs = () => [];

/** An action on the repository that the path names. */
export function onRepository(action: RepositoryAction): Needs {
  return (ctx) => [{ type: 'repository', name: parseRepositoryName(param(ctx, 'name')), action }];
}

/** An action on the registry as a whole. */
export function onRegistry(action: RegistryAction): Needs {
  return () => [{ type: 'registry', action }];
}
