import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { readHtpasswd } from '../accounts/htpasswd/read.ts';
import { openAccounts, openBrowserLogin } from '../accounts/open.ts';
import { createApi } from '../api/app.ts';
import { ConfigError, loadConfig } from '../config/load.ts';
import { publicNameOf } from '../config/reach.ts';
import { accessRulesOf, promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { CONSOLE } from '../http/console-log.ts';
import { listenDebug } from '../http/debug.ts';
import { Readiness } from '../http/health.ts';
import { createLogger } from '../http/logger.ts';
import { Metrics } from '../http/metrics.ts';
import type { ServiceParts } from '../http/service.ts';
import { reloadAtHangup, runUntilSignal } from '../http/supervise.ts';
import { isLoopback } from '../registry/access/networks.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { createRelease } from '../release/app.ts';
import { becomeOwner } from '../stores/filesystem/as-owner.ts';
import { explainDenied } from '../stores/filesystem/denied.ts';
import { demandWrites, openStores, type Stores } from '../stores/open.ts';
import { type Sync, startSync } from '../sync/start.ts';
import { createToken } from '../token/app.ts';
import { type Access, type AccessParts, openAccess, startSigner } from './access.ts';
import { announce } from './announce.ts';
import { auditOf } from './audit.ts';
import { problemsOfFiles } from './files.ts';
import { HeldParts } from './held-parts.ts';
import { loginGuardOf, requestLimitsOf } from './limits.ts';
import { type Part, refuseIdle } from './parts.ts';
import { openPorts, type PortUser } from './ports.ts';
import { redisState } from './redis-state.ts';
import { openShared } from './shared.ts';
import { version } from './version.ts';

/**
 * Runs parts of the registry in this process until SIGTERM: one of them, or all on one port. The only place that
 * opens the stores, and the only one that knows of more than one process (docs/decisions/0002-serve.md).
 */
export async function serve(configPath: string, parts: readonly Part[]): Promise<void> {
  const config = await loadConfig(configPath, process.env);
  const fileFaults = await fileProblems(config, parts);
  if (fileFaults.length > 0) throw new ConfigError(configPath, fileFaults);
  const log = createLogger(config.log);
  const { logger } = log;
  reloadAtHangup(logger);
  for (const notice of config.notices) logger.warn({}, notice);
  await using held = new HeldParts();
  const metrics = new Metrics();
  const { hooks, problems } = redisState(metrics);
  const settings = { objects: config.storage.objects, redis: config.redis };
  // A registry that takes no writes needs no writable storage.
  const mode = config.storage.maintenance.readonly.enabled ? 'read' : 'write';
  const stores = held.use('stores', await openStores(settings, mode, logger, hooks));
  refuseIdle(config, parts);
  const { listeners, readiness, users } = await start({
    config,
    parts,
    stores,
    metrics,
    logger,
    held,
    problems,
  });
  announce({ config, parts, listeners, logger });
  const noticeMs = isLoopback(config.http.addr.host) ? 0 : DRAIN_NOTICE_MS;
  await runUntilSignal(
    {
      async drain(timeoutMs) {
        for (const each of readiness) each.startDraining();
        for (const { service } of users) service.stopWaiting?.();
        // Load balancers look first; then the port closes, and requests under way end.
        await sleep(noticeMs);
        await Promise.all(listeners.map(({ listener }) => listener.drain(timeoutMs)));
      },
      unfinished: () => [...held.names, ...stores.stuck()],
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    },
    { noticeMs, drainMs: config.http.draintimeout },
    log,
  );
}

/** What is wrong with the files that a configuration names and these processes read; a line each. */
export function fileProblems(config: Config, parts: readonly Part[]): Promise<string[]> {
  return problemsOfFiles(config, parts, readHtpasswd);
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

/** How long a node stays open after it reports that it is not ready. */
const DRAIN_NOTICE_MS = 5000;

/** What a start works with. */
interface Start {
  readonly config: Config;
  readonly parts: readonly Part[];
  readonly stores: Stores;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly held: HeldParts;
  /** What is wrong with what this process works with, a line each. */
  readonly problems: () => readonly string[];
}

async function start(given: Start) {
  const { config, parts, stores, metrics, logger, held } = given;
  const { objects } = stores;
  const limits = requestLimitsOf(config, metrics);
  const htpasswd = config.auth?.htpasswd;
  const access: AccessParts = {
    ...{ config, objects, logger, limits },
    logins: loginGuardOf(config, stores.attempts),
    accounts: htpasswd && held.use('accounts', await openAccounts([{ htpasswd }], { objects, logger })),
  };
  const opened = held.use('access', await openAccess(access));
  let sync: Sync | undefined;
  const edge = { authenticator: opened.authenticator, limits, metrics, logger };
  const shared = await openShared(config, stores, edge, held, (endpoint) =>
    sync?.notificationQueued(endpoint),
  );
  const users = await startServices(given, shared, access, opened);
  const listeners = await openPorts(config, users, { metrics, logger, held });
  if (parts.includes('sync')) sync = held.use('sync', await startSync(config, shared));
  const readiness = users.map(({ service }) => service.readiness);
  if (config.http.debug) {
    const { addr, prometheus } = config.http.debug;
    const metricsPath = prometheus.enabled ? prometheus.path : undefined;
    const ofProcess = new Readiness(objects, shared.writes);
    readiness.push(ofProcess);
    const publicName = publicNameOf(config.http);
    const options = { addr, publicName, metricsPath, readiness: ofProcess };
    held.use('debug', await listenDebug(options, metrics, logger));
  }
  return { listeners, readiness, users };
}

/** The services with a port, as far as they are asked for and configured. */
async function startServices(
  { config, parts, logger, held, problems }: Start,
  shared: ServiceParts,
  access: AccessParts,
  { ring, routes }: Access,
): Promise<PortUser[]> {
  const users: PortUser[] = [];
  if (parts.includes('api')) {
    const service = held.use('api', await createApi(config, shared, routes));
    users.push({ name: 'api', path: '', own: undefined, service });
  }
  const policy = promotionPolicyOf(config);
  if (policy && parts.includes('release')) {
    const service = held.use('release', await createRelease(config, shared, { policy, version, problems }));
    users.push({ name: 'release', path: '/api/', own: config.promotion?.http, service });
  }
  if (ring && parts.includes('token')) {
    const login = await openBrowserLogin(config.accounts, { logger });
    const service = createToken(config, shared, {
      ...{ logins: access.logins, rules: accessRulesOf(config) },
      browserLogin: login && held.use('login', login),
      accounts: held.use('accounts', await openAccounts(config.accounts, access)),
      signer: held.use('signer', await startSigner(access, ring, shared.audit)),
    });
    users.push({ name: 'token', path: '/auth/', own: config.token?.http, service });
  }
  return users;
}
