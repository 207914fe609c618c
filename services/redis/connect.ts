import { Cluster, Redis } from 'ioredis';
import type { RedisHealth } from './health.ts';
import { clusterOptions, singleOptions, tlsOf } from './options.ts';
import type { RedisSettings } from './settings.ts';

/** A client of any kind of Redis. */
export type RedisClient = Redis | Cluster;

/** Connections that reconnect by themselves. While they are down, commands fail at once. */
export interface RedisConnection extends Disposable {
  readonly commands: RedisClient;
  /** For subscriptions; the same as `commands` for a cluster, whose client has a connection of its own for them. */
  readonly subscriber: RedisClient;
}

/** A client that gave up for good, which ours should not, is restarted after this time. */
const RECALL_MS = 1000;

/** Begins to connect without waiting. Throws only for certificates that cannot be read. */
export async function connect(settings: RedisSettings, health: RedisHealth): Promise<RedisConnection> {
  const tls = await tlsOf(settings.tls);
  const { servers } = settings;
  if (servers.kind === 'cluster') {
    const cluster = new Cluster([...servers.addresses], clusterOptions(settings, tls));
    // One node is down; others may still do its work.
    cluster.on('node error', () => health.failed('connection'));
    const kept = keep(cluster, health);
    return { commands: cluster, subscriber: cluster, [Symbol.dispose]: () => kept[Symbol.dispose]() };
  }
  const options = singleOptions(settings, tls);
  const [commands, subscriber] = [new Redis(options), new Redis(options)];
  const kept = [keep(commands, health), keep(subscriber, health)];
  return {
    ...{ commands, subscriber },
    [Symbol.dispose]() {
      for (const each of kept) each[Symbol.dispose]();
    },
  };
}

/** Reports a client's errors, and keeps it running until it is disposed. */
function keep(client: RedisClient, health: RedisHealth): Disposable {
  let isOver = false;
  let recalling: NodeJS.Timeout | undefined;
  client.on('error', (error: unknown) => {
    health.failed('connection');
    health.down(error);
  });
  client.on('end', () => {
    if (isOver) return;
    health.failed('connection');
    recalling = setTimeout(() => client.connect().catch(() => undefined), RECALL_MS);
  });
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(recalling);
      client.disconnect();
    },
  };
}
