import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { openLogOutput } from './log-output.ts';
import { textLine } from './log-text.ts';

export interface LogSettings {
  readonly level: string;
  readonly fields: Readonly<Record<string, string>>;
  /** As in Distribution's `log.formatter`; JSON unless given. */
  readonly formatter?: 'json' | 'text' | 'logstash' | undefined;
}

/** A process's log. */
export interface LogOfProcess {
  readonly logger: Logger;
  /** Writes a line in a format of its own between those of the logger. It must not contain a line break. */
  writeLine(line: string): void;
  /** For a process that is about to kill itself: writes what is buffered, and every later line at once. */
  writeAtOnce(): void;
}

/** A logger that writes one line for each event to standard output. No value can start a second line. */
export function createLogger(settings: LogSettings): LogOfProcess {
  const output = openLogOutput();
  const logger = pino(optionsOf(settings), settings.formatter === 'text' ? asText(output) : output);
  output.onDropped((lines) => logger.warn({ lines }, 'log lines were dropped: the log was not read in time'));
  return { logger, writeLine: (line) => output.write(`${line}\n`), writeAtOnce: () => output.writeAtOnce() };
}

function optionsOf({ level, fields, formatter }: LogSettings): LoggerOptions {
  const options: LoggerOptions = {
    level,
    base: fields,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Keeps out what is logged under these names by mistake. No wildcards: they would double a line's cost.
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
