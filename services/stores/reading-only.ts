import type { ObjectStore } from '../registry/storage/object-store.ts';

/** A store that refuses writes, for callers that promise to change nothing: a write is a mistake of ours. */
export function readingOnly(objects: ObjectStore): ObjectStore {
  const refuse = async (): Promise<never> => {
    throw new Error('a write to a store that was opened only for reading');
  };
  const { temporaries } = objects;
  return {
    writesEndWithProcess: objects.writesEndWithProcess,
    ...(temporaries && { temporaries: (signal) => temporaries.call(objects, signal) }),
    stat: (key, signal) => objects.stat(key, signal),
    send: (key, range, sink) => objects.send(key, range, sink),
    get: (key, range, signal) => objects.get(key, range, signal),
    read: (key, limitBytes, signal) => objects.read(key, limitBytes, signal),
    list: (request, signal) => objects.list(request, signal),
    urlOf: (key, ttlSeconds) => objects.urlOf(key, ttlSeconds),
    put: refuse,
    putIfAbsent: refuse,
    compose: refuse,
    delete: refuse,
    removeLeftovers: refuse,
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
}
