import { onRegistry } from '../../http/access/required-access.ts';
import type { Route } from '../../http/routes.ts';
import { deleteRobot, getRobots, postRobot, postRotation, type RobotService } from './robots.ts';

const administer = { requiredAccess: onRegistry('administer') } as const;

/** Robots, for administrators, by tokens of the service itself. */
export function robotRoutes(service: RobotService): Route[] {
  const one = '/auth/robots/:name';
  return [
    { ...administer, method: 'GET', path: '/auth/robots', name: 'robots', handle: getRobots(service) },
    { ...administer, method: 'POST', path: '/auth/robots', name: 'robot-create', handle: postRobot(service) },
    {
      ...administer,
      method: 'POST',
      path: `${one}/rotate`,
      name: 'robot-rotate',
      handle: postRotation(service),
    },
    { ...administer, method: 'DELETE', path: one, name: 'robot-revoke', handle: deleteRobot(service) },
  ];
}
