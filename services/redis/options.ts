import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { ClusterOptions, DNSLookupFunction, RedisOptions } from 'ioredis';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import { MasterConnector, ServerConnector } from './connectors.ts';
import type { RedisSettings, RedisTls } from './settings.ts';

const RETRY_MIN_MS = 50;
/** How long it may take to notice that Redis is back. */
const RETRY_MAX_MS = 2000;

/** The pause before the n-th attempt: exponential backoff with jitter. */
function retryDelay(times: number): number {
  const delayMs = Math.min(RETRY_MIN_MS * 2 ** Math.min(times, 10), RETRY_MAX_MS);
  return delayMs * (0.5 + Math.random() / 2);
}

/** The options of every connection. */
export function optionsOf(settings: RedisSettings, tls: ConnectionOptions | undefined) {
  return {
    ...(settings.username !== undefined && { username: settings.username }),
    ...(settings.password !== undefined && { password: settings.password }),
    ...(settings.clientName !== undefined && { connectionName: settings.clientName }),
    ...(tls && { tls }),
    connectTimeout: settings.connectTimeoutMs,
    commandTimeout: settings.commandTimeoutMs,
    // A server that accepts commands and never answers (frozen, cut off): give up the connection, not only the command.
    socketTimeout: settings.commandTimeoutMs * 2,
    // Nothing waits for a Redis that is down, and nothing is sent late.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The subscriber resubscribes by itself, and so knows that it did.
    autoResubscribe: false,
    // After a failover the connection may lead to a former master.
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
    sentinels: [...servers.addresses],
    ...(servers.username !== undefined && { sentinelUsername: servers.username }),
    ...(servers.password !== undefined && { sentinelPassword: servers.password }),
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: settings.commandTimeoutMs,
    // Without a delay the client would give up for good when no Sentinel answers.
    sentinelRetryStrategy: retryDelay,
    // No `failoverDetector`: it aborts connection attempts under way, and ioredis then gives up for good. A former master is
    // noticed without it: it is dead, silent, or says READONLY.
  } satisfies RedisOptions;
}

export function clusterOptions(settings: RedisSettings, tls: ConnectionOptions | undefined) {
  return {
    redisOptions: { ...optionsOf(settings, tls), Connector: ServerConnector },
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    clusterNodeRetryStrategy: retryDelay,
    slotsRefreshTimeout: settings.commandTimeoutMs,
    // Certificates name hosts, not their addresses.
    ...(tls && { dnsLookup: sameName }),
  } satisfies ClusterOptions;
}

const sameName: DNSLookupFunction = (host, answer) => answer(null, host);

/** Reads the certificates. Throws an OperatorError when one cannot be read or used. */
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
