import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../../storage/object-store.ts';

/** The methods that cost a request. */
const REQUESTS: ReadonlySet<string | symbol> = new Set([
  ...['stat', 'read', 'get', 'put', 'putIfAbsent', 'compose', 'delete', 'list', 'removeLeftovers'],
]);

/**
 * A store whose requests are spread evenly, at most `requestsPerSecond`; the rest wait. `onRequest` is called for each.
 */
export function paced(
  objects: ObjectStore,
  requestsPerSecond: number | undefined,
  onRequest: () => void = () => undefined,
): ObjectStore {
  let nextAt = 0;
  const turn = async () => {
    onRequest();
    if (requestsPerSecond === undefined) return;
    const now = performance.now();
    nextAt = Math.max(now, nextAt + 1000 / requestsPerSecond);
    if (nextAt - now >= 1) await sleep(nextAt - now);
  };
  return new Proxy(objects, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (!REQUESTS.has(name)) return value.bind(target);
      return async (...args: unknown[]) => {
        await turn();
        return value.apply(target, args);
      };
    },
  });
}
