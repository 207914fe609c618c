import { untilAborted } from '../registry/runtime/waiting.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';
import type { Route } from './routes.ts';

/** Load balancers probe several times a second; the store is asked at most this often. */
const STORE_ANSWER_MS = 2000;
const STORE_TIMEOUT_MS = 2000;

/** Whether this process should receive requests. */
export class Readiness {
  readonly #objects: ObjectStore;
  readonly #writes: WriteHealth | undefined;
  #draining = false;
  #checked: { at: number; problem: Promise<string | undefined> } | undefined;

  constructor(objects: ObjectStore, writes?: WriteHealth) {
    this.#objects = objects;
    this.#writes = writes;
  }

  /** From now on the process reports that it is not ready. */
  startDraining(): void {
    this.#draining = true;
  }

  /** Why the process is not ready; undefined when it is. */
  async problem(): Promise<string | undefined> {
    if (this.#draining) return 'shutting down';
    const now = performance.now();
    if (!this.#checked || now - this.#checked.at > STORE_ANSWER_MS)
      this.#checked = { at: now, problem: this.#checkStore() };
    return this.#checked.problem;
  }

  /** Why writes fail, in words fit for clients; undefined when they succeed or are off. */
  async writeProblem(): Promise<string | undefined> {
    return (await this.#writes?.trouble())?.reason;
  }

  async #checkStore(): Promise<string | undefined> {
    try {
      const signal = AbortSignal.timeout(STORE_TIMEOUT_MS);
      const request = { prefix: 'roadstead/', delimiter: '/', limit: 1 } as const;
      await untilAborted(this.#objects.list(request, signal), signal);
      return undefined;
    } catch {
      return 'the object store does not answer';
    }
  }
}

/**
 * `/livez`: the process runs. `/readyz`: it may receive requests. A node whose store takes no writes still serves pulls, so
 * it stays ready and reports `degraded`; `/readyz?writes` is 503 then (docs/decisions/0012-half-working-storage.md).
 */
export function healthRoutes(readiness: Readiness): Route[] {
  const live: Route['handle'] = async (ctx) => answer(ctx, 'ok', undefined);
  const ready: Route['handle'] = async (ctx) => {
    const [problem, writeProblem] = await Promise.all([readiness.problem(), readiness.writeProblem()]);
    if (problem !== undefined) return answer(ctx, 'unavailable', problem);
    if (writeProblem === undefined) return answer(ctx, 'ok', undefined);
    const areWritesAsked = new URLSearchParams(ctx.querystring).has('writes');
    answer(ctx, areWritesAsked ? 'unavailable' : 'degraded', `pushes fail: ${writeProblem}`);
  };
  return [
    { method: 'GET', path: '/livez', name: 'livez', handle: live },
    { method: 'GET', path: '/readyz', name: 'readyz', handle: ready },
  ];
}

/** `/debug/health`, as on Distribution's debug port: 200 and `{}`, or 503 and the reason of each failing check by its name. */
export function distributionHealthRoutes(readiness: Readiness): Route[] {
  const handle: Route['handle'] = async (ctx) => {
    ctx.state.isRoutine = true;
    const problem = await readiness.problem();
    ctx.status = problem === undefined ? 200 : 503;
    ctx.body = problem === undefined ? {} : { readiness: problem };
  };
  return [{ method: 'GET', path: '/debug/health', name: 'debug-health', handle }];
}

function answer(
  ctx: Parameters<Route['handle']>[0],
  status: 'ok' | 'degraded' | 'unavailable',
  reason: string | undefined,
): void {
  ctx.state.isRoutine = true;
  ctx.status = status === 'unavailable' ? 503 : 200;
  ctx.body = { status, ...(reason !== undefined && { reason }) };
}
