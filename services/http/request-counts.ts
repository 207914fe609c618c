import type { Context } from './context.ts';
import { handlerOf } from './distribution-names.ts';
import { requestMetrics } from './http-metrics.ts';
import type { Metrics } from './metrics.ts';

/** Requests under way, by process. */
type Running = Map<string, { count: number }>;

/** Several applications count together: demonstration mirrors, and those before and after a reload. */
const RUNNING = new WeakMap<Metrics, Running>();

/** Counts the requests of one port user: as they begin, and when they have been answered. */
export class RequestCounts {
  readonly #process: string;
  readonly #metrics: Metrics;
  readonly #declared: ReturnType<typeof requestMetrics>;
  readonly #running: { count: number };

  constructor(process: string, metrics: Metrics) {
    this.#process = process;
    this.#metrics = metrics;
    this.#declared = requestMetrics(metrics);
    const { inProgress } = this.#declared;
    const all: Running = RUNNING.get(metrics) ?? new Map();
    RUNNING.set(metrics, all);
    const known = all.get(process);
    const running = known ?? { count: 0 };
    this.#running = running;
    if (known) return;
    all.set(process, running);
    metrics.onScrape(() => inProgress.set({ process }, running.count));
  }

  /** Counts a request that begins. `enter` is to be called with its route, `end` once its answer has ended. */
  begin(ctx: Context) {
    const process = this.#process;
    const { requests, sentBytes: sent } = this.#declared;
    // Distribution is nothing but such a node.
    const distribution = process === 'api' ? this.#metrics.distribution : undefined;
    let handler: string | undefined;
    this.#running.count++;
    return {
      enter: (route: string) => {
        ctx.state.route = route;
        handler = distribution && handlerOf(route, ctx.method);
        if (handler !== undefined) distribution?.begun(handler);
      },
      end: (seconds: number, sentBytes: number) => {
        const { route } = ctx.state;
        const status = ctx.res.statusCode;
        this.#running.count--;
        requests.observe({ process, route, method: ctx.method, status }, seconds);
        sent.inc({ process, route }, sentBytes);
        if (handler !== undefined)
          distribution?.answered({ handler, request: ctx.req, status, seconds, sentBytes });
      },
    };
  }

  /** Counts a request that was refused because it asked for more than a limit allows. */
  refused(limit: string): void {
    this.#declared.refused.inc({ limit });
  }
}
