import type { Log } from '../registry/runtime/log.ts';

/** The log of a command, which a person reads: messages only, on standard error. */
export const CONSOLE: Log = {
  info: () => undefined,
  warn: (_, message) => process.stderr.write(`${message}\n`),
  error: (_, message) => process.stderr.write(`${message}\n`),
};
