import { readFileSync } from 'node:fs';

/**
 * Loaded into a process (`NODE_OPTIONS=--import`) whose wall clock is to be moved while it runs: by as many milliseconds
 * as the file `HISTORY_CLOCK` says. Timers and `performance.now` go on as they were, as they do when a clock is set.
 */

const POLL_MS = 200;
const path = process.env['HISTORY_CLOCK'];
const RealDate = Date;
const realNow = Date.now;
let offsetMs = 0;

function look(): void {
  try {
    if (path !== undefined) offsetMs = Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    // It is being written.
  }
}

const now = () => realNow() + offsetMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});
look();
setInterval(look, POLL_MS).unref();
