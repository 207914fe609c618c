import pino, { type Logger } from 'pino';

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A logger that keeps its lines. */
export function keepingLogger(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const formatters = { level: (label: string) => ({ level: label }) };
  const logger = pino({ formatters }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { logger, lines };
}
