import type { Logger } from 'pino';
import { combinedLine } from './combined-log.ts';
import type { Context } from './context.ts';
import { loggedHeader, loggedPath } from './log-header.ts';

/** An answered request, as far as the context does not say it. */
export interface Answered {
  readonly tookMs: number;
  readonly sentBytes: number;
}

/** Writes the line of an answered request. */
export type AccessLog = (ctx: Context, answered: Answered) => void;

/** A line like every other of the log, with fields. */
export function structuredLog(logger: Logger): AccessLog {
  return (ctx, { tookMs, sentBytes }) => {
    const { state, method, res, req } = ctx;
    const { headers, httpVersion } = req;
    const { remoteAddress, remotePort } = req.socket;
    const contentType = res.getHeader('content-type');
    logger[state.isRoutine ? 'debug' : 'info'](
      {
        requestId: state.requestId,
        client: state.clientAddress,
        // Behind a proxy, the port is the proxy's.
        ...(remoteAddress?.endsWith(state.clientAddress) && { port: remotePort }),
        method,
        host: loggedHeader(headers.host),
        path: loggedPath(req.url),
        protocol: httpVersion === '1.1' ? 'HTTP/1.1' : `HTTP/${httpVersion}`,
        status: res.statusCode,
        sentBytes,
        ...(contentType !== undefined && { contentType }),
        tookMs: Math.round(tookMs * 100) / 100,
        userAgent: loggedHeader(headers['user-agent']),
        ...(headers.referer !== undefined && { referer: loggedHeader(headers.referer) }),
        ...(res.writableFinished ? {} : { aborted: true }),
        ...state.logFields,
      },
      'request',
    );
  };
}

/** A line of Apache's combined log, which has no other fields. */
export function combinedLog(logger: Logger, writeLine: (line: string) => void): AccessLog {
  return (ctx, { sentBytes }) => {
    if (!logger.isLevelEnabled(ctx.state.isRoutine ? 'debug' : 'info')) return;
    const { state, req, method, res } = ctx;
    const user = state.logFields['user'];
    writeLine(
      combinedLine({
        client: state.clientAddress,
        user: typeof user === 'string' ? user : undefined,
        at: new Date(),
        request: `${method} ${loggedPath(req.url)} HTTP/${req.httpVersion}`,
        ...{ status: res.statusCode, sentBytes },
        referer: loggedHeader(req.headers.referer),
        userAgent: loggedHeader(req.headers['user-agent']),
      }),
    );
  };
}
