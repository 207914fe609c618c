/** How to reach a Redis; what `services/config/sections/redis.ts` makes of either shape of the configuration. */
export interface RedisSettings {
  readonly servers: RedisServers;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** A cluster has only 0. */
  readonly database: number;
  readonly tls?: RedisTls | undefined;
  /** The name of connections in `CLIENT LIST`. */
  readonly clientName?: string | undefined;
  /** Time limit for connecting. */
  readonly connectTimeoutMs: number;
  /** Time limit for a command; only locks ever wait for one. */
  readonly commandTimeoutMs: number;
  /** Prefix of all keys and channels, so that registries and others can share a Redis. */
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
  /** Authorities for the server's certificate; the system's unless given. */
  readonly rootCas?: readonly string[] | undefined;
}
