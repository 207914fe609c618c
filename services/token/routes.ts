import type { Route } from '../http/routes.ts';
import { getJwks } from './jwks.ts';
import type { TokenService } from './service.ts';
import { getToken, postToken } from './tokens.ts';

/** Every endpoint below `/auth/`. */
export function tokenRoutes(service: TokenService): Route[] {
  return [
    // Whoever asks says in the request who they are, or is anonymous.
    { method: 'GET', path: '/auth/token', name: 'token', handle: getToken(service) },
    { method: 'POST', path: '/auth/token', name: 'token', handle: postToken(service) },
    { method: 'GET', path: '/auth/jwks.json', name: 'jwks', handle: getJwks(service) },
  ];
}
