import { recordChange } from '../../http/audit.ts';
import type { RouteContext } from '../../http/context.ts';
import { readJson, sendJson } from '../../http/json.ts';
import { param } from '../../http/parameters.ts';
import type { Delegation } from '../../registry/access/delegation.ts';
import type { IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import { robotName } from '../../registry/access/issued/robots.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { NewRobotBody, RotationBody, showRobot, showSecret } from './schemas.ts';

/** What the robots' endpoints work with. */
export interface RobotService {
  readonly issued: IssuedCredentials;
  readonly audit: Audit;
  readonly delegation: Delegation;
}

const BODY_MAX_BYTES = 16 * 1024;

/** GET: lists all robots, without their secrets. */
export async function getRobots({ issued }: RobotService, ctx: RouteContext): Promise<void> {
  sendJson(ctx, 200, { robots: (await issued.list('robot')).map(showRobot) });
}

/** POST: creates a robot. Only this answer ever holds its secret. */
export async function postRobot(
  { issued, audit, delegation }: RobotService,
  ctx: RouteContext,
): Promise<void> {
  const body = await readJson(ctx, NewRobotBody, BODY_MAX_BYTES);
  const { groups, description, expiresInSeconds } = body;
  const name = robotName(body.name);
  refuseMore(delegation, ctx, name, groups);
  await recordChange(audit, ctx, { action: 'robot.create', details: { robot: name, groups } });
  const made = await issued.create({
    ...{ kind: 'robot', name, groups, description, by: ctx.state.principal.name },
    lifetimeMs: expiresInSeconds && expiresInSeconds * 1000,
  });
  sendJson(ctx, 201, showSecret(made));
}

/** POST: gives a robot a new secret. */
export async function postRotation(
  { issued, audit, delegation }: RobotService,
  ctx: RouteContext,
): Promise<void> {
  const name = robotName(param(ctx, 'name'));
  const { keepOldSeconds, expiresInSeconds } = await readJson(ctx, RotationBody, BODY_MAX_BYTES);
  refuseMore(delegation, ctx, name, (await issued.find('robot', name))?.groups ?? []);
  await recordChange(audit, ctx, { action: 'robot.rotate', details: { robot: name } });
  const made = await issued.rotate('robot', name, {
    overlapMs: keepOldSeconds * 1000,
    lifetimeMs: expiresInSeconds && expiresInSeconds * 1000,
    check: ({ groups }) => refuseMore(delegation, ctx, name, groups),
  });
  sendJson(ctx, 200, showSecret(made));
}

/** DELETE: revokes a robot. */
export async function deleteRobot({ issued, audit }: RobotService, ctx: RouteContext): Promise<void> {
  const name = robotName(param(ctx, 'name'));
  await recordChange(audit, ctx, { action: 'robot.revoke', details: { robot: name } });
  await issued.revoke('robot', name);
  ctx.status = 204;
}

/** Refuses a robot that has what its creator does not have: the creator gets its secret, and could do all that it may. */
function refuseMore(
  delegation: Delegation,
  ctx: RouteContext,
  name: string,
  groups: readonly string[],
): void {
  const obstacle = delegation.obstacle(ctx.state.principal.delegable ?? [], name, groups);
  if (obstacle !== undefined)
    throw new RegistryError(
      'DENIED',
      `you may not have the secret of ${name}: ${obstacle}; ask somebody who may do everything, or use roadstead robots`,
    );
}
