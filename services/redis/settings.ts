/** How to reach a Redis; what `services/config/sections/redis.ts` makes of either shape of the configuration. */
export interface RedisSettings {
  readonly servers: RedisServers;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A cluster has only 0. */
  readonly database: number;
  readonly tls?: RedisTls | undefined;
  /** What connections are called in `CLIENT LIST`. */
  readonly clientName?: string | undefined;
  /** How long a connection may take to stand. */
  readonly connectTimeoutMs: number;
  /** How long a command may take; only turns at locks ever wait for one. */
  readonly commandTimeoutMs: number;
  /** What all keys and channels begin with, so that registries, and others, can share a Redis. */
  readonly prefix: string;
}

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** One server; the one that Sentinels name; or a cluster, by some of its nodes. */
export type RedisServers =
  | { readonly kind: 'single'; readonly address: RedisAddress }
  | {
      readonly kind: 'sentinel';
      readonly masterName: string;
      readonly addresses: readonly RedisAddress[];
      readonly username?: string | undefined;
      readonly password?: string | undefined;
    }
  | { readonly kind: 'cluster'; readonly addresses: readonly RedisAddress[] };

/** Paths of PEM files. */
export interface RedisTls {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Authorities that the server's certificate may come from; those of the system unless given. */
  readonly rootCas?: readonly string[] | undefined;
}
