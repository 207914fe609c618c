import type { RouteContext } from '../http/context.ts';
import { param } from '../http/parameters.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { parseRepositoryName, type RepositoryName } from '../registry/oci/names.ts';
import { refusePushToStable } from '../registry/publishing/promotion/policy.ts';
import type { ApiNode } from './node.ts';

/** The repository that a request wants to change; throws where nobody may, or nobody may now. */
export function writableName(node: ApiNode, ctx: RouteContext): RepositoryName {
  const name = parseRepositoryName(param(ctx, 'name'));
  ctx.state.logFields['repository'] = name;
  node.readOnly.refuseWrites();
  refusePushToStable(node.policy, name);
  return name;
}

/** {@link writableName} for deletes, which are off unless the operator wants them (`storage.delete.enabled`); `allow` is what else goes there. */
export function deletableName(node: ApiNode, ctx: RouteContext, allow: string): RepositoryName {
  if (!node.deletes) {
    ctx.set('Allow', allow);
    throw new RegistryError(
      'METHOD_UNSUPPORTED',
      'this registry deletes nothing: its operator can allow it with storage.delete.enabled',
    );
  }
  return writableName(node, ctx);
}
