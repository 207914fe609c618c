import type { Route } from '../http/routes.ts';
import { getJwks } from './jwks.ts';
import { beginLogin, finishLogin } from './login/login.ts';
import type { LoginService } from './login/service.ts';
import type { TokenService } from './service.ts';
import { getToken, postToken } from './tokens.ts';

/** The endpoints below `/auth/` for clients. */
export function tokenRoutes(service: TokenService): Route[] {
  return [
    // The handlers authenticate the client themselves, or treat it as anonymous.
    { method: 'GET', path: '/auth/token', name: 'token', handle: getToken(service) },
    { method: 'POST', path: '/auth/token', name: 'token', handle: postToken(service) },
    { method: 'GET', path: '/auth/jwks.json', name: 'jwks', handle: getJwks(service) },
  ];
}

/** The pages below `/auth/` for logins in a browser. */
export function loginRoutes(service: LoginService): Route[] {
  return [
    { method: 'GET', path: '/auth/login', name: 'login', handle: beginLogin(service) },
    { method: 'GET', path: '/auth/callback', name: 'login-callback', handle: finishLogin(service) },
  ];
}
