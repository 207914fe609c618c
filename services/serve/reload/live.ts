import type { ReloadedKey } from '../../config/reloading.ts';
import type { Config } from '../../config/schema.ts';
import type { LogOfProcess } from '../../http/logger.ts';
import { adjustLimits } from '../limits.ts';
import type { Ports, PortUser } from '../ports.ts';
import { openServices, type Services, type ServicesGiven } from '../services.ts';
import { Generation } from './generation.ts';
import type { FileChange } from './read-change.ts';
import type { Prepared } from './reloader.ts';

/** Work without a port, of which a reload replaces what reads a changed key. */
interface BackgroundWork {
  prepare(config: Config, isChanged: (keys: readonly ReloadedKey[]) => boolean): Promise<Prepared>;
}

/**
 * The services that answer now, and those that still have requests under way from before a reload. A reload makes services
 * next to them, then swaps the handlers of the open ports in one step, so that no request finds neither.
 */
export class Live implements AsyncDisposable {
  readonly #given: ServicesGiven;
  readonly #log: LogOfProcess;
  readonly #retired = new Map<Generation, { users: readonly PortUser[]; ended: Promise<void> }>();
  readonly #stop = new AbortController();
  #generation: Generation;
  #services: Services;

  private constructor(
    given: ServicesGiven,
    log: LogOfProcess,
    first: { readonly generation: Generation; readonly services: Services },
  ) {
    this.#given = given;
    this.#log = log;
    this.#generation = first.generation;
    this.#services = first.services;
  }

  /** Opens the services of the first configuration. */
  static async open(given: ServicesGiven, config: Config, log: LogOfProcess): Promise<Live> {
    const generation = new Generation();
    try {
      return new Live(given, log, { generation, services: await openServices(given, config, generation) });
    } catch (error) {
      await generation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What answers requests now. */
  get users(): readonly PortUser[] {
    return this.#services.users;
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** The parts that are not disposed yet. */
  get names(): readonly string[] {
    return [this.#generation, ...this.#retired.keys()].flatMap(({ names }) => [...names]);
  }

  /** Makes everything ready for another configuration, next to what runs. Throws if that fails. */
  async prepare(
    { config, reloaded }: FileChange,
    { ports, sync }: { readonly ports: Ports; readonly sync: BackgroundWork | undefined },
  ): Promise<Prepared> {
    await using opening = new AsyncDisposableStack();
    const isChanged = (keys: readonly ReloadedKey[]) => keys.some((key) => reloaded.includes(key));
    const generation = opening.use(new Generation(this.#generation, isChanged));
    const services = await openServices(this.#given, config, generation);
    generation.complete();
    const work = sync && opening.use(await sync.prepare(config, isChanged));
    const held = opening.move();
    return {
      take: async () => {
        held.move();
        this.#log.logger.level = config.log.level;
        adjustLimits(this.#given.foundation.limits, config);
        services.adjust();
        ports.use(config, services.users, generation);
        this.#retire();
        this.#generation = generation;
        this.#services = services;
        await work?.take();
      },
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  }

  /** From now on everything reports that it is not ready, and what waits for mirrors ends. */
  startDraining(): void {
    const before = [...this.#retired.values()].flatMap(({ users }) => users);
    for (const { service } of [...this.users, ...before]) {
      service.readiness.startDraining();
      service.stopWaiting?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const { ended } of [...this.#retired.values()]) await ended;
    await this.#generation[Symbol.asyncDispose]();
  }

  #retire(): void {
    const [generation, { users }] = [this.#generation, this.#services];
    const ended = generation
      .retire(this.#stop.signal)
      .catch((error: unknown) => {
        this.#log.logger.warn({ err: error }, 'parts of an earlier configuration ended with an error');
      })
      .finally(() => this.#retired.delete(generation));
    this.#retired.set(generation, { users, ended });
  }
}
