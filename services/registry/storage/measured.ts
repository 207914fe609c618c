import { type ObjectStore, StoreFullError, StoreUnavailableError } from './object-store.ts';

/** How a request to a store ended. */
export type StoreOutcome = 'ok' | 'full' | 'unavailable' | 'aborted' | 'failed';

/** A kind of request to a store. `put-stream` and `send` also last as long as the client that sends or reads. */
export type StoreOperation =
  | ('stat' | 'send' | 'get' | 'read' | 'put' | 'put-stream' | 'create' | 'compose' | 'grow' | 'delete')
  | ('list' | 'leftovers');

/** Called for each request that has ended. */
export type StoreObserver = (operation: StoreOperation, outcome: StoreOutcome, seconds: number) => void;

/** Codes of an end that the caller wanted, or its client. */
const ABORTED = new Set([
  'ABORT_ERR',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ECONNRESET',
  'EPIPE',
]);

/** The same store, each of whose requests is observed. `get` ends with its stream's first byte. */
export function measured(objects: ObjectStore, observe: StoreObserver): ObjectStore {
  const during = async <T>(operation: StoreOperation, act: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    let outcome: StoreOutcome = 'ok';
    try {
      return await act();
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      observe(operation, outcome, (performance.now() - startedAt) / 1000);
    }
  };
  const { grow, temporaries } = objects;
  return {
    writesEndWithProcess: objects.writesEndWithProcess,
    stat: (key, signal) => during('stat', () => objects.stat(key, signal)),
    send: (key, range, sink) => during('send', () => objects.send(key, range, sink)),
    get: (key, range, signal) => during('get', () => objects.get(key, range, signal)),
    read: (key, limitBytes, signal) => during('read', () => objects.read(key, limitBytes, signal)),
    put: (key, body, options) =>
      during(Buffer.isBuffer(body) ? 'put' : 'put-stream', () => objects.put(key, body, options)),
    putIfAbsent: (key, body, signal, options) =>
      during('create', () => objects.putIfAbsent(key, body, signal, options)),
    compose: (sources, target, signal) => during('compose', () => objects.compose(sources, target, signal)),
    ...(grow && {
      grow: (key, fromBytes, body) => during('grow', () => grow.call(objects, key, fromBytes, body)),
    }),
    delete: (keys, signal, options) => during('delete', () => objects.delete(keys, signal, options)),
    list: (request, signal) => during('list', () => objects.list(request, signal)),
    urlOf: (key, ttlSeconds) => objects.urlOf(key, ttlSeconds),
    removeLeftovers: (olderThan, signal) =>
      during('leftovers', () => objects.removeLeftovers(olderThan, signal)),
    ...(temporaries && { temporaries: (signal) => temporaries.call(objects, signal) }),
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
}

function outcomeOf(error: unknown): StoreOutcome {
  if (error instanceof StoreFullError) return 'full';
  if (error instanceof StoreUnavailableError) return 'unavailable';
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'AbortError' || ABORTED.has(code ?? '') ? 'aborted' : 'failed';
}
