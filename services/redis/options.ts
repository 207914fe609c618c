import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { ClusterOptions, DNSLookupFunction, RedisOptions } from 'ioredis';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import { MasterConnector, ServerConnector } from './connectors.ts';
import type { RedisSettings, RedisTls } from './settings.ts';

const RETRY_MIN_MS = 50;
/** So long may go by until a Redis that came back is noticed. */
const RETRY_MAX_MS = 2000;

/** How long to wait before the n-th new attempt: longer each time, and not in step with other nodes. */
function retryDelay(times: number): number {
  const delayMs = Math.min(RETRY_MIN_MS * 2 ** Math.min(times, 10), RETRY_MAX_MS);
  return delayMs * (0.5 + Math.random() / 2);
}

/** What every connection has in common. */
export function optionsOf(settings: RedisSettings, tls: ConnectionOptions | undefined) {
  return {
    ...(settings.username !== undefined && { username: settings.username }),
    ...(settings.password !== undefined && { password: settings.password }),
    ...(settings.clientName !== undefined && { connectionName: settings.clientName }),
    ...(tls && { tls }),
    connectTimeout: settings.connectTimeoutMs,
    commandTimeout: settings.commandTimeoutMs,
    // A server that takes commands and never answers (frozen, cut off): the connection is given up, not only the command.
    socketTimeout: settings.commandTimeoutMs * 2,
    // Nothing waits for a Redis that is not there, and nothing is sent later than it was meant.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Whoever listens subscribes again by itself, and hears of it.
    autoResubscribe: false,
    // After a failover the connection may lead to what is a replica now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions;
}

/** A single server, or the one that Sentinels name. */
export function singleOptions(settings: RedisSettings, tls: ConnectionOptions | undefined) {
  const { servers } = settings;
  const common = {
    ...optionsOf(settings, tls),
    db: settings.database,
    retryStrategy: retryDelay,
    enableOfflineQueue: false,
  };
  if (servers.kind !== 'sentinel') {
    const address = servers.kind === 'single' && servers.address;
    return { ...common, ...address, Connector: ServerConnector } satisfies RedisOptions;
  }
  return {
    ...common,
    Connector: MasterConnector,
    name: servers.masterName,
    sentinels: servers.addresses.map(({ host, port }) => ({ host, port })),
    ...(servers.username !== undefined && { sentinelUsername: servers.username }),
    ...(servers.password !== undefined && { sentinelPassword: servers.password }),
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: settings.commandTimeoutMs,
    // Without a delay the client would give up for good once no Sentinel answers.
    sentinelRetryStrategy: retryDelay,
    // No `failoverDetector`: it cuts attempts to connect that are under way, and ioredis then gives up for good. A master
    // that is one no longer is found out without it: it is dead, silent, or says READONLY.
  } satisfies RedisOptions;
}

export function clusterOptions(settings: RedisSettings, tls: ConnectionOptions | undefined) {
  return {
    redisOptions: { ...optionsOf(settings, tls), Connector: ServerConnector },
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    clusterNodeRetryStrategy: retryDelay,
    slotsRefreshTimeout: settings.commandTimeoutMs,
    // Certificates name hosts, not what they resolve to.
    ...(tls && { dnsLookup: sameName }),
  } satisfies ClusterOptions;
}

const sameName: DNSLookupFunction = (host, answer) => answer(null, host);

/** Reads the certificates. Throws when one cannot be read or used: the configuration is wrong then, not Redis gone. */
export async function tlsOf(tls: RedisTls | undefined): Promise<ConnectionOptions | undefined> {
  if (tls === undefined) return undefined;
  const read = (key: string, path: string) =>
    readFile(path).catch((error: unknown) => {
      throw new OperatorError(
        `redis.tls.${key} = ${path}: cannot be read: expected a file in PEM that this user may read`,
        { cause: error },
      );
    });
  const options: ConnectionOptions = {
    ...(tls.certificate !== undefined && { cert: await read('certificate', tls.certificate) }),
    ...(tls.key !== undefined && { key: await read('key', tls.key) }),
    ...(tls.rootCas && { ca: await Promise.all(tls.rootCas.map((path) => read('rootcas', path))) }),
    minVersion: 'TLSv1.2',
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new OperatorError('redis.tls: expected a certificate, its key and authorities, all in PEM', {
      cause: error,
    });
  }
  return options;
}
