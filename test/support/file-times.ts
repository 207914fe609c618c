import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded into every Node process of `npm run test:days`. libfaketime moves the clock that a process reads, but not the
 * times of files, which the kernel sets. This moves them by the same distance, both ways: what is read is that much
 * later, what is set that much earlier.
 */

const offsetMs = Number(process.env['CLOCK_OFFSET_MS'] ?? 0);

type Times = 'atime' | 'mtime' | 'ctime' | 'birthtime';
const TIMES: readonly Times[] = ['atime', 'mtime', 'ctime', 'birthtime'];
type Callback = (error: Error | null, stats?: fs.Stats) => void;
// biome-ignore lint/suspicious/noExplicitAny: wraps functions of many overloads, and passes their arguments on.
type AnyFunction = (...args: any[]) => any;

function later<T>(stats: T): T {
  if (!(stats instanceof fs.Stats)) return stats;
  for (const time of TIMES) {
    const ms = stats[`${time}Ms`] + offsetMs;
    Object.assign(stats, { [`${time}Ms`]: ms, [time]: new Date(ms) });
  }
  return stats;
}

function earlier(time: number | string | Date): number {
  const ms = time instanceof Date ? time.getTime() : Number(time) * 1000;
  return (ms - offsetMs) / 1000;
}

function wrap(owner: object, name: string, around: (original: AnyFunction) => AnyFunction): void {
  const original = Reflect.get(owner, name) as AnyFunction;
  Reflect.set(owner, name, around(original));
}

const readsNow = (original: AnyFunction) =>
  function (this: unknown, ...args: unknown[]) {
    return later(original.apply(this, args));
  };
const readsSoon = (original: AnyFunction) =>
  async function (this: unknown, ...args: unknown[]) {
    return later(await original.apply(this, args));
  };
const callsBack = (original: AnyFunction) =>
  function (this: unknown, ...args: unknown[]) {
    const done = args.pop() as Callback;
    return original.apply(this, [
      ...args,
      (error: Error | null, stats?: fs.Stats) => done(error, later(stats)),
    ]);
  };
/** The last two arguments are the times, but for a callback. */
const sets = (original: AnyFunction) =>
  function (this: unknown, ...args: unknown[]) {
    const end = typeof args.at(-1) === 'function' ? args.length - 1 : args.length;
    const times = args.slice(end - 2, end) as Date[];
    return original.apply(this, [...args.slice(0, end - 2), ...times.map(earlier), ...args.slice(end)]);
  };

const handle = await open(process.execPath);
const handles = Object.getPrototypeOf(handle) as object;
await handle.close();
for (const name of ['stat', 'lstat', 'fstat']) {
  wrap(fs, name, callsBack);
  wrap(fs, `${name}Sync`, readsNow);
}
for (const owner of [fs.promises, handles]) {
  wrap(owner, 'stat', readsSoon);
  wrap(owner, 'utimes', sets);
}
wrap(fs.promises, 'lstat', readsSoon);
for (const name of ['utimes', 'futimes', 'utimesSync', 'futimesSync']) wrap(fs, name, sets);
syncBuiltinESMExports();
