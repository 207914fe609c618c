import { onRegistry } from '../http/access/required-access.ts';
import type { Route } from '../http/routes.ts';
import { routesOf } from '../http/service-routes.ts';
import { getJwks } from './jwks.ts';
import { beginLogin, finishLogin, type LoginService } from './login/login.ts';
import { deleteRobot, getRobots, postRobot, postRotation, type RobotService } from './robots/robots.ts';
import { getToken, postToken, type TokenService } from './tokens.ts';

/** The endpoints below `/auth/` for clients. */
export function tokenRoutes(service: TokenService): Route[] {
  return routesOf(service, [
    // The handlers authenticate the client themselves, or treat it as anonymous.
    { method: 'GET', path: '/auth/token', name: 'token', handle: getToken },
    { method: 'POST', path: '/auth/token', name: 'token', handle: postToken },
    { method: 'GET', path: '/auth/jwks.json', name: 'jwks', handle: getJwks },
  ]);
}

/** The pages below `/auth/` for logins in a browser. */
export function loginRoutes(service: LoginService): Route[] {
  return routesOf(service, [
    { method: 'GET', path: '/auth/login', name: 'login', handle: beginLogin },
    { method: 'GET', path: '/auth/callback', name: 'login-callback', handle: finishLogin },
  ]);
}

const administer = { requiredAccess: onRegistry('administer') } as const;

/** Robots, for administrators, by tokens of the service itself. */
export function robotRoutes(service: RobotService): Route[] {
  const [all, one, rotate] = ['/auth/robots', '/auth/robots/:name', '/auth/robots/:name/rotate'] as const;
  return routesOf(service, [
    { ...administer, method: 'GET', path: all, name: 'robots', handle: getRobots },
    { ...administer, method: 'POST', path: all, name: 'robot-create', handle: postRobot },
    { ...administer, method: 'POST', path: rotate, name: 'robot-rotate', handle: postRotation },
    { ...administer, method: 'DELETE', path: one, name: 'robot-revoke', handle: deleteRobot },
  ]);
}
