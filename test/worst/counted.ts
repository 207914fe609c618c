/**
 * Runs `roadstead` with a counter: of what HTTP requests make it ask of its file store, and of how long its main thread
 * computed without a pause. The counter answers on the port of WORST_PORT. What the process does by itself, such as
 * following the publication log, is not counted.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, Server } from 'node:http';
import { CollectionGuard, type PinnedWork } from '../../services/registry/content/quarantine/guard.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import type { Counts } from './counts.ts';

const TICK_MS = 2;
/** Remote stores list and delete this many keys in one request. */
const KEYS_AT_ONCE = 1000;
const METHODS = [
  ...['stat', 'send', 'get', 'read', 'put', 'putIfAbsent', 'compose', 'grow'],
  ...['list', 'delete'],
] as const;

type Method = (this: unknown, ...args: unknown[]) => unknown;

const counts = { storeRequests: 0, looksAgain: 0, longestMs: 0 };
/** True in all that a request leads to, except inside of a call that is counted already. */
const isCounting = new AsyncLocalStorage<boolean>();

for (const name of METHODS) {
  const store = FilesystemStore.prototype as unknown as Record<string, Method>;
  const method = store[name] as Method;
  store[name] = function counted(...args) {
    if (!isCounting.getStore()) return method.apply(this, args);
    if (name === 'delete') counts.storeRequests += requestsFor((args[0] as readonly string[]).length);
    else counts.storeRequests += 1;
    const result = isCounting.run(false, () => method.apply(this, args));
    if (name !== 'list') return result;
    return (result as ReturnType<FilesystemStore['list']>).then((page) => {
      counts.storeRequests += requestsFor(page.keys.length + page.prefixes.length) - 1;
      return page;
    });
  };
}

const { pin } = CollectionGuard.prototype;
CollectionGuard.prototype.pin = function <V>(
  this: CollectionGuard,
  digests: Parameters<typeof pin>[0],
  work: PinnedWork<V>,
) {
  let looks = 0;
  const verify = () => {
    if (++looks > 1 && isCounting.getStore()) counts.looksAgain++;
    return work.verify();
  };
  return pin.call<CollectionGuard, [typeof digests, PinnedWork<V>], Promise<V>>(this, digests, {
    ...work,
    verify,
  });
};

function requestsFor(keys: number): number {
  return Math.max(1, Math.ceil(keys / KEYS_AT_ONCE));
}

// The processor's clock, not that on the wall: a busy machine makes nothing longer.
let lastUs = 0;
setInterval(() => {
  const { user, system } = process.threadCpuUsage();
  counts.longestMs = Math.max(counts.longestMs, (user + system - lastUs) / 1000);
  lastUs = user + system;
}, TICK_MS).unref();

/** Each answer says what was counted since the one before. */
const counter = createServer((_, response) => {
  // A connection that is kept would keep the process from ending.
  response.setHeader('connection', 'close');
  response.end(JSON.stringify(counts satisfies Counts));
  Object.assign(counts, { storeRequests: 0, looksAgain: 0, longestMs: 0 });
});
counter.listen(Number(process.env['WORST_PORT']), '127.0.0.1').unref();

const emit = Server.prototype.emit;
Server.prototype.emit = function (this: Server, ...args: Parameters<typeof emit>) {
  const act = () => emit.apply(this, args);
  return (args[0] as string) === 'request' && this !== counter ? isCounting.run(true, act) : act();
} as typeof emit;

await import('../../services/cli/main.ts');
