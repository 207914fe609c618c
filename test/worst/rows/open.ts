import { send } from '../../protocol/wire.ts';
import type { Row } from '../row.ts';
import type { WorstWorld } from '../world.ts';

/** As many headers as are taken, of as many bytes. */
const MANY = Object.fromEntries(Array.from({ length: 180 }, (_, i) => [`x-${i}`, 'x'.repeat(150)]));
const get = (path: string) => (world: WorstWorld) => world.send(path, { headers: MANY });
const debug = (path: string) => (world: WorstWorld) => send(world.registry.debugUrl, path, { headers: MANY });
const LONG = `?${'x=1&'.repeat(1000)}`;

/** Requests that ask for little. */
export const OPEN_ROWS: readonly Row[] = [
  {
    ...{ route: 'GET /v2/', request: 'a token, 180 other headers and 1,000 parameters' },
    ...{ status: 200, storeRequests: 0 },
    ask: get(`/v2/${LONG.slice(0, 1000)}`),
  },
  {
    ...{ route: 'GET /v2/', request: 'a password that is wrong', node: 'passwords' },
    ...{ status: 401, refusal: /UNAUTHORIZED/, storeRequests: 0 },
    ask: (world) =>
      world.send('/v2/', {
        headers: { authorization: `Basic ${Buffer.from('olga:wrong').toString('base64')}` },
      }),
  },
  {
    ...{ route: 'GET /v2', request: 'with 180 headers', status: 301, storeRequests: 0, isNightly: true },
    ask: get('/v2'),
  },
  {
    ...{ route: 'GET /', request: 'with 180 headers', status: 200, storeRequests: 0, isNightly: true },
    ask: get('/'),
  },
  {
    ...{ route: 'GET /livez', request: 'with 180 headers', status: 200, storeRequests: 0, isNightly: true },
    ask: get('/livez'),
  },
  {
    ...{ route: 'GET /readyz', request: 'with 180 headers', status: 200, storeRequests: 2 },
    ask: get('/readyz?writes'),
  },
  {
    ...{
      route: 'GET /debug/health',
      request: 'with 180 headers',
      status: 200,
      storeRequests: 2,
      isNightly: true,
    },
    ask: debug('/debug/health'),
  },
  {
    ...{ route: 'POST /debug/reload', request: 'with 180 headers', status: 200, storeRequests: 0 },
    ask: (world) => send(world.registry.debugUrl, '/debug/reload', { method: 'POST', headers: MANY }),
  },
  {
    // Whether the process is ready is one of the metrics: it looks at the store, at most every 2 s.
    ...{ route: 'GET /metrics', request: 'with 180 headers', status: 200, storeRequests: 1 },
    ask: debug('/metrics'),
  },
];
