import Koa from 'koa';
import type { Logger } from 'pino';
import { OPEN_ACCESS } from '../registry/access/grants.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { LimitError } from '../registry/oci/limit-error.ts';
import { drainRest } from './body.ts';
import type { ClientAddress } from './client-address.ts';
import type { App, Context, RequestState } from './context.ts';
import { answerTo } from './errors.ts';
import { type RequestMetrics, requestMetrics } from './http-metrics.ts';
import type { Metrics } from './metrics.ts';
import { checkOrigin } from './origin-check.ts';
import { mountPreflight } from './preflight.ts';
import type { RequestLimits } from './request-limits.ts';

export interface AppOptions {
  readonly process: 'api' | 'token' | 'release' | 'debug' | 'mirror';
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clientAddress: ClientAddress;
  readonly accessLog: boolean;
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
  const metrics = requestMetrics(options.metrics);
  app.use((ctx, next) => {
    const startedAt = performance.now();
    ctx.state = {
      requestId: crypto.randomUUID(),
      clientAddress: options.clientAddress(ctx.req),
      route: 'none',
      isRoutine: false,
      principal: OPEN_ACCESS,
      rule: undefined,
      logFields: {},
    };
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('X-Request-Id', ctx.state.requestId);
    ctx.res.once('close', () => observe(ctx, options, metrics, performance.now() - startedAt));
    return next().catch((error: unknown) => {
      noteLimit(ctx, metrics, error);
      answerError(ctx, options.logger, error);
    });
  });
  if (options.limits) app.use(options.limits.ofClients);
  if (options.preflight) mountPreflight(app);
  app.use(checkOrigin(options.trustedOrigins ?? []));
  return app;
}

/** A refusal that is no fault leaves a trace: the limit in the log line, and in a metric. */
function noteLimit(ctx: Context, metrics: RequestMetrics, error: unknown): void {
  if (!(error instanceof LimitError)) return;
  ctx.state.logFields['limit'] = error.limit;
  metrics.refused.inc({ limit: error.limit });
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

/** More than the longest path of a request that this registry answers with anything but an error. */
const LOGGED_PATH_CHARACTERS = 1000;

/** The path for the log. Never throws. Hides the password of a URL that was pasted into a name; cuts what is too long. */
function pathOf(target = ''): string {
  const [path = ''] = target.split('?', 1);
  const shown = path.includes('@') ? path.replaceAll(/\/\/[^/@]*@/g, '//(not logged)@') : path;
  if (shown.length <= LOGGED_PATH_CHARACTERS) return shown;
  return `${shown.slice(0, LOGGED_PATH_CHARACTERS)}… (${path.length} characters)`;
}

const CLOSED = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ECONNRESET', 'EPIPE']);

/** Whether an error only means that the client is gone. */
export function isClosedByClient(error: unknown): boolean {
  return CLOSED.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

function observe(
  ctx: Context,
  { process, logger, accessLog }: AppOptions,
  metrics: RequestMetrics,
  tookMs: number,
): void {
  const { state, method, res } = ctx;
  const { statusCode: status } = res;
  const { route } = state;
  const sentBytes =
    Number(res.getHeader('content-length') ?? 0) * (res.writableFinished && method !== 'HEAD' ? 1 : 0);
  metrics.requests.observe({ process, route, method, status }, tookMs / 1000);
  metrics.sentBytes.inc({ process, route }, sentBytes);
  if (!accessLog) return;
  logger[state.isRoutine ? 'debug' : 'info'](
    {
      requestId: state.requestId,
      client: state.clientAddress,
      method,
      path: pathOf(ctx.req.url),
      status,
      sentBytes,
      tookMs: Math.round(tookMs * 100) / 100,
      ...(res.writableFinished ? {} : { aborted: true }),
      ...state.logFields,
    },
    'request',
  );
}
