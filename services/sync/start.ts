import type { Config } from '../config/schema.ts';
import type { ServiceParts } from '../http/service.ts';
import { DemoMirrors } from './demo-mirrors.ts';
import { startGarbageWorker } from './garbage/start.ts';
import { openMirrors } from './mirrors/start.ts';
import { type Deliveries, startDeliveries } from './notify/start.ts';
import { Work } from './work.ts';

/** The background work of a registry: publishing, watching, delivering, collecting garbage. */
export interface Sync extends AsyncDisposable {
  /** To be called when an event for this endpoint was queued. */
  notificationQueued(endpoint: string): void;
  /**
   * Opens what another configuration needs. Throws if that fails; then nothing has changed. Only work that reads one of the
   * changed keys is replaced.
   */
  prepare(config: Config, isChanged: (keys: readonly SyncKey[]) => boolean): Promise<PreparedSync>;
}

/** Replaces work; disposing it before `take` leaves all as it was. */
export interface PreparedSync extends AsyncDisposable {
  take(): Promise<void>;
}

type SyncParts = Pick<ServiceParts, 'objects' | 'changes' | 'audit' | 'metrics' | 'logger'>;

const OF_MIRRORS = ['mirrors', 'sync', 'http.host', 'http.prefix'] as const;
const OF_DELIVERIES = ['notifications'] as const;
const OF_GARBAGE = ['garbagecollection', 'storage.maintenance.uploadpurging'] as const;
type SyncKey = (typeof OF_MIRRORS | typeof OF_DELIVERIES | typeof OF_GARBAGE)[number];

/** Starts the work on mirrors, a worker for each notification endpoint, and serves the mirrors that `serve` names. */
export async function startSync(config: Config, parts: SyncParts): Promise<Sync> {
  const { objects, audit, metrics, logger } = parts;
  const demo = new DemoMirrors(parts);
  const mirrors = new Work<AsyncDisposable>(logger);
  const deliveries = new Work<Deliveries>(logger);
  const garbage = new Work<AsyncDisposable>(logger);
  const prepare: Sync['prepare'] = async (next, isChanged) => {
    await using opening = new AsyncDisposableStack();
    const steps: (() => Promise<void>)[] = [];
    if (isChanged(OF_MIRRORS)) {
      const ports = opening.use(await demo.prepare(next));
      const opened = opening.use(await openMirrors(next, parts));
      steps.push(ports.take, () =>
        mirrors.replace(() => {
          opened.start();
          return opened;
        }, opened),
      );
    }
    if (isChanged(OF_DELIVERIES))
      steps.push(() =>
        deliveries.replace(() => startDeliveries(next.notifications, objects, metrics, logger)),
      );
    if (isChanged(OF_GARBAGE))
      steps.push(() => garbage.replace(() => startGarbageWorker(next, objects, audit, metrics, logger)));
    const held = opening.move();
    return {
      async take() {
        held.move();
        await Promise.all(steps.map((step) => step()));
      },
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  };
  await (await prepare(config, () => true)).take();
  return {
    notificationQueued: (endpoint) => deliveries.current?.notify(endpoint),
    prepare,
    async [Symbol.asyncDispose]() {
      await Promise.all([demo, mirrors, deliveries, garbage].map((held) => held[Symbol.asyncDispose]()));
    },
  };
}
