import { send } from '../../protocol/wire.ts';
import type { Row } from '../row.ts';
import { OLGA, type WorstWorld } from '../world.ts';

const [GET, POST] = ['GET /auth/token', 'POST /auth/token'] as const;
/** A request's headers, with its first line. */
const HEADERS_BYTES = 31 * 1024;
/** A form's bytes. */
const FORM_BYTES = 64 * 1024;
const basicOf = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

/** As many scopes as there is room for, of repositories that are all different. */
function scopes(bytes: number, scopeOf: (i: number) => string): string {
  let text = '';
  for (let i = 0; ; i++) {
    const next = `&scope=${encodeURIComponent(scopeOf(i))}`;
    if (text.length + next.length > bytes) return text;
    text += next;
  }
}

const granted = (i: number) => `repository:r${i}:pull`;
const denied = (i: number) => `repository:${i}:*`;
const form = (fields: Record<string, string>, scope: (i: number) => string) => {
  const first = new URLSearchParams(fields).toString();
  return Buffer.from(first + scopes(FORM_BYTES - first.length, scope));
};
const post = (body: () => Buffer) => (world: WorstWorld) =>
  world.send('/auth/token', {
    ...{ method: 'POST', body: body(), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  });

/** Requests for tokens. */
export const TOKEN_ROWS: readonly Row[] = [
  {
    ...{ route: GET, request: 'as many scopes as fit into a request, all granted: too many for one token' },
    ...{ status: 400, refusal: /too many scopes/, storeRequests: 10 },
    ask: (world) =>
      world.send(`/auth/token?service=registry${scopes(HEADERS_BYTES, granted)}`, {
        headers: basicOf(OLGA.username, OLGA.password),
      }),
  },
  {
    ...{ route: GET, request: 'as many scopes as fit into a request, anonymous, nothing granted' },
    ...{ status: 200, storeRequests: 0, isNightly: true },
    ask: ({ registry }) => send(registry.url, `/auth/token?service=registry${scopes(HEADERS_BYTES, denied)}`),
  },
  {
    ...{ route: GET, request: 'a name that nobody has' },
    ...{ status: 401, refusal: /name or the password is wrong/, storeRequests: 10, isNightly: true },
    ask: (world) => world.send('/auth/token?service=registry', { headers: basicOf('nobody', 'wrong') }),
  },
  {
    ...{ route: POST, request: 'a form of 64 KiB of scopes, all granted: too many for one token' },
    ...{ status: 400, refusal: /too many scopes/, storeRequests: 10 },
    ask: post(() => form({ ...OLGA, grant_type: 'password', access_type: 'offline' }, granted)),
  },
  {
    ...{ route: POST, request: 'a form of 64 KiB with a refresh token that nobody was given' },
    ...{ status: 401, refusal: /this login has expired/, storeRequests: 10, isNightly: true },
    ask: post(() => form({ grant_type: 'refresh_token', refresh_token: 'x'.repeat(16_000) }, denied)),
  },
  {
    ...{ route: 'GET /auth/jwks.json', request: 'the keys' },
    ...{ status: 200, storeRequests: 2, isNightly: true },
    ask: (world) => world.send('/auth/jwks.json'),
  },
  {
    ...{ route: 'GET /v2/_token', request: 'a pass, with the right password', node: 'passwords' },
    ...{ status: 200, storeRequests: 2, isNightly: true },
    ask: (world) => world.send('/v2/_token'),
  },
  {
    ...{
      route: 'GET /v2/_token',
      request: 'a pass, with a wrong password',
      node: 'passwords',
    },
    ...{ status: 401, refusal: /UNAUTHORIZED/, storeRequests: 2 },
    ask: (world) => world.send('/v2/_token', { headers: basicOf(OLGA.username, 'wrong') }),
  },
];
