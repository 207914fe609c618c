import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { openLogOutput } from './log-output.ts';
import { textLine } from './log-text.ts';

export interface LogSettings {
  readonly level: string;
  readonly fields: Readonly<Record<string, string>>;
  /** As in Distribution's `log.formatter`; JSON unless given. */
  readonly formatter?: 'json' | 'text' | 'logstash' | undefined;
}

/** A log, and what its process says last. */
export interface LogOfProcess {
  readonly logger: Logger;
  /** For a process that is about to kill itself: what has been logged is written, and what is logged from now on is at once. */
  writeAtOnce(): void;
}

/** A logger that writes a line for each event to standard output. Nothing that is logged can make a second line. */
export function createLogger(settings: LogSettings): LogOfProcess {
  const output = openLogOutput();
  const logger = pino(optionsOf(settings), settings.formatter === 'text' ? asText(output) : output);
  output.onDropped((lines) =>
    logger.warn({ lines }, 'lines of this log were dropped: it was not read in time'),
  );
  return { logger, writeAtOnce: () => output.writeAtOnce() };
}

function optionsOf({ level, fields, formatter }: LogSettings): LoggerOptions {
  const options: LoggerOptions = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Whatever is logged by mistake under these names stays out. No wildcards: they would double a line's cost.
    redact: { paths: ['authorization', 'password', 'err.headers', 'err.config'], censor: '(not logged)' },
  };
  if (formatter !== 'logstash') return options;
  return {
    ...options,
    base: { ...fields, '@version': '1' },
    timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
    messageKey: 'message',
  };
}

function asText(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(textLine(line)) };
}
