import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { stringify } from 'yaml';
import { createApi } from '../../services/api/app.ts';
import { openApiMemory } from '../../services/api/memory.ts';
import { parseConfig } from '../../services/config/load.ts';
import { promotionPolicyOf } from '../../services/config/rules.ts';
import type { Config, MirrorConfig } from '../../services/config/schema.ts';
import { OPEN_AUTHENTICATOR } from '../../services/http/access/authenticator.ts';
import { Metrics } from '../../services/http/metrics.ts';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import { Turns } from '../../services/registry/content/turns/turns.ts';
import { Notifier } from '../../services/registry/notifications/notifier.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { ReadOnly } from '../../services/registry/storage/read-only.ts';
import { WriteHealth } from '../../services/registry/storage/write-health.ts';
import { createRelease } from '../../services/release/app.ts';
import { openReleaseMemory } from '../../services/release/memory.ts';
import { auditOf } from '../../services/serve/audit.ts';
import { startMirrors } from '../../services/sync/mirrors/start.ts';
import { EndpointWorker } from '../../services/sync/notify/worker.ts';
import type { Life } from './life.ts';
import { RecordedTarget } from './recorded-target.ts';
import type { StoryTime } from './story-time.ts';

/** Settles when the request has been handled. */
type Handler = (...request: Parameters<RequestListener>) => Promise<void>;

/** Where things are that outlive the process. */
export interface Surroundings {
  /** A mirror's document root, and the URL at which it is served; no mirror unless given. */
  readonly mirror?: { readonly directory: string; readonly url: string };
  /** Where events are POSTed; nobody is notified unless given. */
  readonly receiverUrl?: string;
  /** Changes are recorded; they are not unless given. */
  readonly isAudited?: boolean;
  /** By which pushes and deletes wait; the machine's unless given. */
  readonly time?: StoryTime | undefined;
}

/** A registry with all of its parts, in this process. */
export interface RunningProcess {
  readonly url: string;
  /** Ends it in peace; all that it writes at the end is written. */
  shutDown(): Promise<void>;
  /** Closes its connections, as clients that have lost patience do; what they asked for goes on. */
  hangUp(): void;
  /** Settles when it is done with all that clients have asked for, whether or not they are still there. */
  handled(): Promise<void>;
  /** Closes its connections, and ends its loops: that much the kernel does for the dead, who write nothing any more. */
  clearAway(): void;
}

/** Shared by all, for what it measures of this process costs; keeps nothing to read at a scrape, which would keep the dead. */
class UnreadMetrics extends Metrics {
  override onScrape(): () => void {
    return () => undefined;
  }
}

const metrics = new UnreadMetrics();
const logger = pino({ level: process.env['CRASH_LOG'] ?? 'silent' });

/** The configuration of a registry that promotes, deletes, and has these surroundings. */
function configOf({ mirror, receiverUrl, isAudited = false }: Surroundings): Config {
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: '/nowhere' }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:5000', secret: 'a secret of all nodes, in a test of deaths' },
    audit: { enabled: isAudited },
    log: { accesslog: { disabled: true } },
    promotion: { candidates: ['candidate/**'] },
    ...(mirror && {
      mirrors: [
        { name: 'near', url: mirror.url, sameoperator: true, write: { directory: mirror.directory } },
      ],
    }),
    ...(receiverUrl !== undefined && {
      notifications: { endpoints: [{ name: 'hook', url: receiverUrl, timeout: '2s', backoff: '20ms' }] },
    }),
  };
  return parseConfig(stringify(config), {}, 'the crash matrix');
}

/** Starts what `roadstead serve` puts together, over a store and with a life of its own. */
export async function startProcess(
  objects: ObjectStore,
  life: Life,
  surroundings: Surroundings,
): Promise<RunningProcess> {
  const config = configOf(surroundings);
  const policy = promotionPolicyOf(config);
  if (policy === undefined) throw new Error('the configuration has promotions');
  await using held = new AsyncDisposableStack();
  const parts: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(part: T): T => {
    parts.push(part);
    return held.use(part);
  };
  const changes = new MemoryChanges();
  const probeWrites = async () => undefined;
  const readOnly = use(await ReadOnly.start(objects, false, logger));
  const notifier = use(
    new Notifier({
      ...{ config: config.notifications, objects, logger },
      source: { addr: 'node-1:5000', instanceID: 'crash' },
      count: () => undefined,
    }),
  );
  const audit = use(auditOf(config, { objects, logger }));
  const writes = new WriteHealth({ probe: probeWrites, everyMs: 2000, areWanted: () => true, logger });
  const shared = {
    objects,
    changes,
    readOnly,
    writes,
    notifier,
    authenticator: OPEN_AUTHENTICATOR,
    clientAddress: () => '127.0.0.1',
    accessLog: false,
    audit,
    metrics,
    logger,
  };
  const { time } = surroundings;
  const waits = () =>
    time && {
      quarantine: new CollectionGuard(objects, time),
      turns: new Turns(objects, { clock: time }),
    };
  const ofApi = { ...shared, waits: waits() };
  const api = createApi(config, ofApi, use(await openApiMemory(config, ofApi)));
  const ofRelease = { ...shared, waits: waits() };
  const memory = use(await openReleaseMemory(config, ofRelease));
  const release = createRelease(config, ofRelease, memory, { policy, version: '0' });
  const handling = new Set<Promise<void>>();
  const handle = side(api.app.callback(), release.app.callback());
  const server = createServer((request, response) => {
    const handled = Promise.resolve(handle(request, response)).finally(() => handling.delete(handled));
    handling.add(handled);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hangUp = () => {
    server.close();
    server.closeAllConnections();
  };
  held.defer(hangUp);
  const openTarget = async ({ write }: MirrorConfig) => {
    if (!('directory' in write)) throw new Error('the mirror of this registry is a directory');
    return new RecordedTarget(write.directory, life);
  };
  use(await startMirrors(config, { objects, changes, metrics, logger }, openTarget));
  for (const endpoint of config.notifications.endpoints)
    use(new EndpointWorker({ endpoint, objects, metrics, logger }));
  const all = held.move();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shutDown: () => all.disposeAsync(),
    hangUp,
    handled: async () => void (await Promise.allSettled(handling)),
    clearAway() {
      hangUp();
      // Not awaited: the dead never come to an end of anything.
      for (const part of parts) Promise.resolve(part[Symbol.asyncDispose]()).catch(() => undefined);
    },
  };
}

function side(api: Handler, release: Handler): Handler {
  return (request, response) => (request.url?.startsWith('/api/') ? release : api)(request, response);
}
