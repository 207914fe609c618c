import Koa from 'koa';
import type { Logger } from 'pino';
import { OPEN_ACCESS } from '../registry/access/grants.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { LimitError } from '../registry/oci/limit-error.ts';
import { type AccessLog, structuredLog } from './access-log.ts';
import { drainRest } from './body.ts';
import type { ClientAddress } from './client-address.ts';
import type { App, Context, RequestState } from './context.ts';
import { answerTo } from './errors.ts';
import type { Metrics } from './metrics.ts';
import { checkOrigin } from './origin-check.ts';
import { mountPreflight } from './preflight.ts';
import { RequestCounts } from './request-counts.ts';
import type { RequestLimits } from './request-limits.ts';

export interface AppOptions {
  readonly process: 'api' | 'token' | 'release' | 'debug' | 'mirror';
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clientAddress: ClientAddress;
  /** True for lines like the others of `logger`. */
  readonly accessLog: boolean | AccessLog;
  readonly limits?: RequestLimits | undefined;
  /** True to answer CORS preflights. */
  readonly preflight?: boolean;
  /** The origins besides its own whose web pages may change something; none unless given. */
  readonly trustedOrigins?: readonly string[];
}

/**
 * A Koa application with what every port has: request ids, one log line a request, metrics, error answers, and no changes by
 * web pages of other origins.
 */
export function createApp(options: AppOptions): App {
  const app: App = new Koa<RequestState>();
  app.silent = true;
  const counts = new RequestCounts(options.process, options.metrics);
  const log = accessLogOf(options);
  app.use((ctx, next) => {
    const startedAt = performance.now();
    const counted = counts.begin(ctx);
    ctx.state = {
      requestId: crypto.randomUUID(),
      clientAddress: options.clientAddress(ctx.req),
      route: 'none',
      enter: counted.enter,
      isRoutine: false,
      principal: OPEN_ACCESS,
      rule: undefined,
      logFields: {},
    };
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('X-Request-Id', ctx.state.requestId);
    ctx.res.once('close', () => {
      const tookMs = performance.now() - startedAt;
      const sentBytes = sentBytesOf(ctx);
      counted.end(tookMs / 1000, sentBytes);
      log?.(ctx, { tookMs, sentBytes });
    });
    return next().catch((error: unknown) => {
      noteLimit(ctx, counts, error);
      answerError(ctx, options.logger, error);
    });
  });
  if (options.limits) app.use(options.limits.ofClients);
  if (options.preflight) mountPreflight(app);
  app.use(checkOrigin(options.trustedOrigins ?? []));
  return app;
}

/** A refusal that is no fault leaves a trace: the limit in the log line, and in a metric. */
function noteLimit(ctx: Context, counts: RequestCounts, error: unknown): void {
  if (!(error instanceof LimitError)) return;
  ctx.state.logFields['limit'] = error.limit;
  counts.refused(error.limit);
}

const OF_CONTENT = ['ETag', 'Accept-Ranges', 'Content-Range', 'Docker-Content-Digest'];

function answerError(ctx: Context, logger: Logger, error: unknown): void {
  if (ctx.res.headersSent || ctx.req.socket.destroyed) {
    // The answer has begun, or the client is gone: all that is left is to close the connection.
    ctx.state.logFields['aborted'] = true;
    if (!(error instanceof RegistryError) && !isClosedByClient(error))
      logger.error({ err: error, requestId: ctx.state.requestId }, 'an answer was cut off');
    ctx.res.destroy();
    return;
  }
  const answer = answerTo(error, ctx.state.requestId);
  if (answer.isFault)
    logger.error({ err: error, requestId: ctx.state.requestId, ...ctx.state.logFields }, 'request failed');
  // Not a fault, such as a busy lock, but its cause is for the log only.
  else if (answer.status >= 500 && error instanceof Error && error.cause !== undefined)
    logger.warn({ err: error, requestId: ctx.state.requestId, ...ctx.state.logFields }, 'request not served');
  ctx.state.logFields['error'] = answer.body.errors[0].code;
  // These described the content, not the error.
  for (const header of OF_CONTENT) ctx.remove(header);
  ctx.status = answer.status;
  if (answer.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(answer.retryAfterSeconds));
  ctx.set('Content-Type', 'application/json');
  const body = Buffer.from(`${JSON.stringify(answer.body)}\n`);
  if (ctx.req.complete) {
    ctx.respond = true;
    ctx.body = body;
    return;
  }
  // The answer is sent now, and ends when the client has sent its body.
  ctx.respond = false;
  ctx.res.writeHead(answer.status, { 'Content-Length': body.length });
  if (ctx.method !== 'HEAD') ctx.res.write(body);
  void drainRest(ctx.req).finally(() => ctx.res.end());
}

const CLOSED = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE']);

/** Whether an error only means that the client is gone. */
export function isClosedByClient(error: unknown): boolean {
  return CLOSED.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

function sentBytesOf({ method, res }: Context): number {
  if (method === 'HEAD' || !res.writableFinished) return 0;
  return Number(res.getHeader('content-length') ?? 0);
}

function accessLogOf({ accessLog, logger }: AppOptions): AccessLog | undefined {
  if (accessLog === false) return undefined;
  return accessLog === true ? structuredLog(logger) : accessLog;
}
