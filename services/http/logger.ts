import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { textLine } from './log-text.ts';

export interface LogSettings {
  readonly level: string;
  readonly fields: Readonly<Record<string, string>>;
  /** As in Distribution's `log.formatter`; JSON unless given. */
  readonly formatter?: 'json' | 'text' | 'logstash' | undefined;
}

/** A logger that writes a line for each event to standard output. Nothing that is logged can make a second line. */
export function createLogger(settings: LogSettings): Logger {
  const options: LoggerOptions = {
    level: settings.level,
    base: settings.fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Whatever is logged by mistake under these names stays out. No wildcards: they would double a line's cost.
    redact: { paths: ['authorization', 'password', 'err.headers', 'err.config'], censor: '(not logged)' },
  };
  switch (settings.formatter) {
    case 'text':
      return pino(options, asText(pino.destination(1)));
    case 'logstash':
      return pino({
        ...options,
        base: { ...settings.fields, '@version': '1' },
        timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
        messageKey: 'message',
      });
    default:
      return pino(options);
  }
}

/**
 * Writes what has been logged at once. Lines are written by libuv's threads, one after the other, and a process that kills
 * itself would take the last ones along.
 */
export function writeOut(logger: Logger): void {
  const stream = Reflect.get(logger, pino.symbols.streamSym) as { flushSync?(): void };
  try {
    stream.flushSync?.();
  } catch {
    // Nobody reads the log any more.
  }
}

function asText(out: ReturnType<typeof pino.destination>): DestinationStream & { flushSync(): void } {
  return { write: (line) => out.write(textLine(line)), flushSync: () => out.flushSync() };
}
