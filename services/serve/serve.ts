import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../config/config-error.ts';
import { type LoadedConfig, loadConfig, loadSettings } from '../config/load.ts';
import { isForHost } from '../config/reach.ts';
import type { Config } from '../config/schema.ts';
import { CONSOLE } from '../http/console-log.ts';
import { listenDebug } from '../http/debug.ts';
import { Readiness } from '../http/health.ts';
import { createLogger, type LogOfProcess } from '../http/logger.ts';
import type { Metrics } from '../http/metrics.ts';
import { runUntilSignal } from '../http/supervise.ts';
import type { Audit } from '../registry/audit/audit.ts';
import { measured } from '../registry/storage/measured.ts';
import type { ObjectStore, StoreMode } from '../registry/storage/object-store.ts';
import { becomeOwner } from '../stores/filesystem/as-owner.ts';
import { explainDenied } from '../stores/filesystem/denied.ts';
import { FilesystemStore } from '../stores/filesystem/filesystem-store.ts';
import { demandWrites, openStores, type Stores } from '../stores/open.ts';
import { type Sync, startSync } from '../sync/start.ts';
import { announce, watchedOf } from './announce.ts';
import { auditOf } from './audit.ts';
import { debugNameOf, debugOptionsOf } from './debug.ts';
import { HeldParts } from './held-parts.ts';
import { type InheritedSockets, takeInheritedSockets } from './inherited-sockets.ts';
import { type Part, refuseIdle } from './parts.ts';
import { openPorts } from './ports.ts';
import { metricsOf, reportHealth, storeObserver } from './process-metrics.ts';
import { redisState } from './redis-state.ts';
import { FilePrints } from './reload/file-prints.ts';
import { reloadAtHangup } from './reload/hangup.ts';
import { Live } from './reload/live.ts';
import { Reloader } from './reload/reloader.ts';
import { reloadRoute } from './reload/route.ts';
import { type ServiceManager, takeServiceManager } from './service-manager.ts';
import { fileProblems } from './services.ts';
import { openFoundation } from './shared.ts';

/**
 * Runs parts of the registry in this process until SIGTERM: one of them, or all on one port. The only place that
 * opens the stores, and the only one that knows of more than one process (docs/decisions/0002-serve.md).
 */
export async function serve(configPath: string, parts: readonly Part[]): Promise<void> {
  const running = await loadSettings(configPath, process.env);
  const { config } = running;
  const fileFaults = await fileProblems(config, parts);
  if (fileFaults.length > 0) throw new ConfigError(configPath, fileFaults);
  const log = createLogger(config.log);
  const { logger } = log;
  // Before anything is started: no other child may have these variables.
  const manager = takeServiceManager(process.env, logger);
  const sockets = takeInheritedSockets(process.env);
  const reloadFrom = reloadAtHangup(logger);
  for (const notice of config.notices) logger.warn({}, notice);
  await using held = new HeldParts();
  const metrics = metricsOf(config, parts);
  const { hooks, problems } = redisState(metrics, config.redis !== undefined);
  const settings = { objects: config.storage.objects, redis: config.redis };
  // A registry that takes no writes needs no writable storage.
  const mode = config.storage.maintenance.readonly.enabled ? 'read' : 'write';
  const opened = held.use('stores', await openStores(settings, mode, logger, hooks));
  const observe = storeObserver(metrics, config.storage.objects.driver);
  const stores = { ...opened, objects: measured(opened.objects, observe) };
  refuseIdle(config, parts);
  const given = { ...{ configPath, running, parts, stores, metrics, log, held, problems, sockets, manager } };
  const { listeners, ofProcess, live, reloader } = await start(given);
  sockets.closeRest(logger);
  announce({ config, parts, listeners, logger });
  manager.ready(watchedOf(parts, listeners, ofProcess));
  reloadFrom(reloader);
  const noticeMs = isForHost(config.http) ? 0 : DRAIN_NOTICE_MS;
  await runUntilSignal(
    {
      async drain(timeoutMs) {
        manager.stopping(noticeMs + reloader.config.http.draintimeout);
        reloader.stop();
        ofProcess.startDraining();
        live.startDraining();
        // Load balancers look first; then the port closes, and requests under way end.
        await sleep(noticeMs);
        await Promise.all(listeners.map(({ listener }) => listener.drain(timeoutMs)));
      },
      unfinished: () => [...held.names, ...live.names, ...stores.stuck()],
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    },
    () => ({ noticeMs, drainMs: reloader.config.http.draintimeout }),
    log,
  );
}

/** Opens the store of a configuration, and its audit record, for a command; closes it when `act` is done. */
export async function withStore(
  configPath: string,
  mode: 'write' | 'only-read',
  act: (objects: ObjectStore, config: Config, audit: Audit) => Promise<void>,
): Promise<void> {
  const config = await loadConfig(configPath, process.env);
  const quiet = { up: () => undefined, failed: () => undefined };
  await using stores = await openStores(
    { objects: config.storage.objects, redis: config.redis },
    mode === 'write' ? 'read' : mode,
    CONSOLE,
    quiet,
  );
  const { objects } = config.storage;
  const directory = objects.driver === 'filesystem' ? objects.rootDirectory : undefined;
  if (mode === 'write') {
    if (directory !== undefined) await becomeOwner(directory);
    await demandWrites(stores, CONSOLE);
  }
  await using audit = auditOf(config, { objects: stores.objects, logger: CONSOLE });
  try {
    await act(stores.objects, config, audit);
  } catch (error) {
    throw directory !== undefined && mode === 'write' ? explainDenied(error, directory) : error;
  }
}

/** Opens a directory that is, or becomes, a backup: a store of its own. */
export async function withBackup(
  rootDirectory: string,
  mode: StoreMode,
  act: (backup: ObjectStore) => Promise<void>,
): Promise<void> {
  await using backup = await FilesystemStore.open({ rootDirectory, sync: true, mode });
  await act(backup);
}

/** How long a node stays open after it reports that it is not ready. */
const DRAIN_NOTICE_MS = 5000;

/** What a start works with. */
interface Start {
  readonly configPath: string;
  readonly running: LoadedConfig;
  readonly parts: readonly Part[];
  readonly stores: Stores;
  readonly metrics: Metrics;
  readonly log: LogOfProcess;
  readonly held: HeldParts;
  /** What is wrong with what this process works with, a line each. */
  readonly problems: () => readonly string[];
  readonly sockets: InheritedSockets;
  readonly manager: ServiceManager;
}

async function start(given: Start) {
  const { configPath, running, parts, stores, metrics, log, held, problems, sockets, manager } = given;
  const { config } = running;
  const { logger } = log;
  let sync: Sync | undefined;
  const foundation = await openFoundation({ config, parts, stores, metrics, log, held });
  const queued = (endpoint: string) => sync?.notificationQueued(endpoint);
  const live = held.use('services', await Live.open({ parts, foundation, queued, problems }, config, log));
  const ports = await openPorts(config, live.users, live.generation, { metrics, logger, held, sockets });
  if (parts.includes('sync')) sync = held.use('sync', await startSync(config, foundation));
  const files = new FilePrints();
  files.use(await files.read(config));
  const reloader = held.use(
    'reload',
    new Reloader({
      ...{ path: configPath, running, parts, logger, audit: foundation.audit, files },
      prepare: (change) => live.prepare(change, { ports, sync }),
      onReload: manager.reload,
    }),
  );
  const ofProcess = new Readiness(foundation.objects, foundation.writes);
  const debug = debugOptionsOf(config, parts, { logger, metrics });
  if (debug) {
    reportHealth(metrics, ofProcess, foundation.readOnly);
    const publicName = () => debugNameOf(reloader.config, parts);
    const descriptor = sockets.take('http.debug');
    const routes = [reloadRoute(reloader)];
    const options = { ...debug, descriptor, publicName, readiness: ofProcess, routes };
    held.use('debug', await listenDebug(options, metrics, logger));
  }
  return { listeners: ports.listeners, ofProcess, live, reloader };
}
