import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { readHtpasswd } from '../accounts/htpasswd/read.ts';
import { openAccounts, openBrowserLogin } from '../accounts/open.ts';
import { createApi } from '../api/app.ts';
import { ConfigError, loadConfig } from '../config/load.ts';
import { accessRulesOf, promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { isLoopback } from '../config/values.ts';
import { listenDebug } from '../http/debug.ts';
import { withHeaders } from '../http/extra-headers.ts';
import { Readiness } from '../http/health.ts';
import { listen } from '../http/listen.ts';
import { createLogger } from '../http/logger.ts';
import { Metrics } from '../http/metrics.ts';
import { stripPrefix } from '../http/prefix.ts';
import { reloadAtHangup, runUntilSignal } from '../http/supervise.ts';
import { publicBaseUrl } from '../http/urls.ts';
import type { Audit } from '../registry/audit/audit.ts';
import { Notifier } from '../registry/notifications/notifier.ts';
import type { Log } from '../registry/runtime/log.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { ReadOnly } from '../registry/storage/read-only.ts';
import { WriteHealth } from '../registry/storage/write-health.ts';
import { createRelease } from '../release/app.ts';
import { becomeOwner } from '../stores/filesystem/as-owner.ts';
import { explainDenied } from '../stores/filesystem/denied.ts';
import { demandWrites, openStores, type Stores, type StoresMode } from '../stores/open.ts';
import { type Sync, startSync } from '../sync/start.ts';
import { createToken, type Token } from '../token/app.ts';
import { type AccessParts, openAccess, startSigner } from './access.ts';
import { announce } from './announce.ts';
import { auditOf } from './audit.ts';
import { problemsOfFiles } from './files.ts';
import { HeldParts } from './held-parts.ts';
import { listenLimitsOf, loginGuardOf, requestLimitsOf } from './limits.ts';
import type { Part } from './parts.ts';
import { type PartListener, portsOf } from './ports.ts';
import { objectStoreOf } from './storage.ts';
import { tlsOf } from './tls.ts';
import { version } from './version.ts';

/**
 * Runs parts of the registry in this process until SIGTERM: one of them, or all on one port. The only place that
 * opens the stores, and the only one that knows of more than one process (docs/decisions/0002-serve.md).
 */
export async function serve(configPath: string, parts: readonly Part[]): Promise<void> {
  const config = await loadConfig(configPath, process.env);
  const problems = await fileProblems(config, parts);
  if (problems.length > 0) throw new ConfigError(configPath, problems);
  const log = createLogger(config.log);
  const { logger } = log;
  reloadAtHangup(logger);
  for (const notice of config.notices) logger.warn({}, notice);
  await using held = new HeldParts();
  const metrics = new Metrics();
  const redis = { isUp: true, reason: '' };
  const stores = held.use(
    'stores',
    await openStores({ objects: objectStoreOf(config), redis: config.redis }, modeOf(config), logger, {
      up: (mode, isUp, reason = '') => {
        Object.assign(redis, { isUp, reason });
        metrics.redisUp.set({ mode }, isUp ? 1 : 0);
      },
      failed: (use) => metrics.redisErrors.inc({ use }),
    }),
  );
  const { listeners, readiness, release } = await start({
    ...{ config, parts, stores, metrics, logger, held },
    problems: () => (redis.isUp ? [] : [redisProblem(redis.reason)]),
  });
  announce({ config, parts, listeners, logger });
  const noticeMs = isLoopback(config.http.addr.host) ? 0 : DRAIN_NOTICE_MS;
  await runUntilSignal(
    {
      async drain(timeoutMs) {
        for (const each of readiness) each.startDraining();
        release?.stopWaiting();
        // Load balancers look first; then the port closes, and what is under way ends.
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

/** A registry that takes no writes has no need to write, so read-only storage can be served. */
function modeOf(config: Config): StoresMode {
  return config.storage.maintenance.readonly.enabled ? 'read' : 'write';
}

/** What is wrong with the files that a configuration names, as far as these processes read them; a line each. */
export function fileProblems(config: Config, parts: readonly Part[]): Promise<string[]> {
  return problemsOfFiles(config, parts, readHtpasswd);
}

/** Opens the store of a configuration for a command, with the record of what it changes, and closes it when that is done. */
export async function withStore(
  configPath: string,
  mode: 'write' | 'only-read',
  act: (objects: ObjectStore, config: Config, audit: Audit) => Promise<void>,
): Promise<void> {
  const config = await loadConfig(configPath, process.env);
  const quiet = { up: () => undefined, failed: () => undefined };
  await using stores = await openStores(
    { objects: objectStoreOf(config), redis: config.redis },
    mode === 'write' ? 'read' : mode,
    CONSOLE,
    quiet,
  );
  const { filesystem } = config.storage;
  if (mode === 'write') {
    if (filesystem) await becomeOwner(filesystem.rootdirectory);
    await demandWrites(stores, CONSOLE);
  }
  await using audit = auditOf(config, { objects: stores.objects, logger: CONSOLE });
  try {
    await act(stores.objects, config, audit);
  } catch (error) {
    throw filesystem && mode === 'write' ? explainDenied(error, filesystem.rootdirectory) : error;
  }
}

/** What a command has to say beside its answer: a person reads it. */
const CONSOLE: Log = {
  info: () => undefined,
  warn: (_, message) => process.stderr.write(`${message}\n`),
  error: (_, message) => process.stderr.write(`${message}\n`),
};

/** How long a node that is about to go stays open, so that nothing new is sent to it. */
const DRAIN_NOTICE_MS = 5000;

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

async function start({ config, parts, stores, metrics, logger, held, problems }: Start) {
  const { http, promotion } = config;
  const policy = promotionPolicyOf(config);
  if (parts.length === 1) refuseIdle(config, parts);
  const { objects } = stores;
  const logins = loginGuardOf(config, stores.attempts);
  const basic = config.auth?.htpasswd;
  const accounts =
    basic && held.use('accounts', await openAccounts([{ htpasswd: basic }], { objects, logger }));
  const requestLimits = requestLimitsOf(config, metrics);
  const accessParts: AccessParts = { config, objects, logins, logger, accounts, limits: requestLimits };
  const access = held.use('access', await openAccess(accessParts));
  let sync: Sync | undefined;
  const shared = {
    ...{ config, stores, metrics, logger },
    limits: requestLimits,
    authenticator: access.authenticator,
    authenticatorRoutes: access.routes,
    audit: held.use(
      'audit',
      auditOf(config, {
        ...{ objects: objects, logger },
        count: (outcome, entries) => metrics.auditEntries.inc({ outcome }, entries),
      }),
    ),
    readOnly: held.use(
      'read-only switch',
      await ReadOnly.start(objects, config.storage.maintenance.readonly.enabled, logger),
    ),
    notifier: held.use(
      'notifier',
      new Notifier({
        ...{ config: config.notifications, objects, logger },
        source: { addr: `${hostname()}:${http.addr.port}`, instanceID: crypto.randomUUID() },
        count: (endpoint, outcome, events) => metrics.notificationEvents.inc({ endpoint, outcome }, events),
        queued: (endpoint) => sync?.notificationQueued(endpoint),
      }),
    ),
  };
  const { readOnly } = shared;
  const writes = new WriteHealth({
    probe: (signal) => stores.probeWrites(signal),
    everyMs: stores.probeEveryMs,
    areWanted: () => readOnly.takesWrites,
    logger,
  });
  const api = parts.includes('api') ? held.use('api', await createApi({ ...shared, writes })) : undefined;
  const release =
    policy && parts.includes('release')
      ? held.use('release', await createRelease({ ...shared, writes, policy, version, problems }))
      : undefined;
  let token: Token | undefined;
  if (access.ring && parts.includes('token')) {
    const login = await openBrowserLogin(config.accounts, { logger });
    token = createToken({
      browserLogin: login && held.use('login', login),
      ...{ ...shared, writes, logins, rules: accessRulesOf(config) },
      accounts: held.use('accounts', await openAccounts(config.accounts, { objects, logger })),
      signer: held.use('signer', await startSigner(accessParts, access.ring, shared.audit)),
    });
  }

  const listeners: PartListener[] = [];
  const limits = listenLimitsOf(config, metrics, logger);
  for (const port of portsOf(
    [
      ...(api ? [{ name: 'api', path: '', app: api.app, addr: undefined } as const] : []),
      ...(release
        ? [{ name: 'release', path: '/api/', app: release.app, addr: promotion?.http?.addr } as const]
        : []),
      ...(token
        ? [{ name: 'token', path: '/auth/', app: token.app, addr: config.token?.http?.addr } as const]
        : []),
    ],
    http.addr,
  )) {
    const edged = withHeaders(http.headers, stripPrefix(http.prefix, port.handler));
    const listener = held.use(
      'listener',
      await listen(edged, {
        ...{ ...port.addr, key: port.key, tls: tlsOf(config, port.addr, logger), limits },
        idleTimeoutMs: http.idletimeout,
      }),
    );
    listeners.push({ listener, names: port.names });
  }
  if (parts.includes('sync'))
    sync = held.use(
      'sync',
      await startSync(config, stores, shared.audit, metrics, logger, originUrl(config)),
    );
  const readiness = [api, release, token].flatMap((part) => (part ? [part.readiness] : []));
  if (http.debug) {
    const { addr, prometheus } = http.debug;
    const metricsPath = prometheus.enabled ? prometheus.path : undefined;
    const ofProcess = new Readiness(objects, writes);
    readiness.push(ofProcess);
    held.use('debug', await listenDebug({ addr, metricsPath, readiness: ofProcess }, metrics, logger));
  }
  return { listeners, readiness, release };
}

function redisProblem(reason: string): string {
  const why = reason === '' ? '' : ` (${reason})`;
  return `Redis does not answer ${hostname()}${why}: changes reach other nodes late, and failed logins are counted by each alone`;
}

/** A process of its own whose section is missing would run and do nothing. */
function refuseIdle({ promotion, token }: Config, parts: readonly Part[]): void {
  if (parts.includes('release') && !promotion)
    throw new OperatorError(
      'the release service has nothing to do: the configuration has no section "promotion"',
    );
  if (parts.includes('token') && !token)
    throw new OperatorError('the token service has nothing to do: the configuration has no section "token"');
}

/** Where clients reach an API node: as configured, or as it listens. */
function originUrl({ http }: Config): string {
  if (http.host) return publicBaseUrl(http.host, http.prefix);
  const host = http.addr.host.includes(':') ? `[${http.addr.host}]` : http.addr.host || '127.0.0.1';
  return `${http.tls ? 'https' : 'http'}://${host}:${http.addr.port}${http.prefix}`;
}
