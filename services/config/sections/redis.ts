import { z } from 'zod';
import { Duration } from '../duration.ts';
import { Address, Count, type ListenAddress, Switch } from '../values.ts';

const Size = Count(-1, 1_000_000).optional();
const Time = Duration.optional();
const File = z.string().min(1).optional();

/** Keys of 2.8 only. */
const V2 = {
  addr: Address.optional(),
  pool: z.strictObject({ maxidle: Size, maxactive: Size, idletimeout: Time }).optional(),
};
/** Keys of 3 only: go-redis' UniversalOptions. */
const V3 = {
  addrs: z.array(Address).optional(),
  mastername: z.string().optional(),
  clientname: z.string().optional(),
  protocol: Count(0, 3).optional(),
  username: z.string().optional(),
  sentinelusername: z.string().optional(),
  sentinelpassword: z.string().optional(),
  ...{ maxretries: Size, minretrybackoff: Time, maxretrybackoff: Time },
  contexttimeoutenabled: Switch.optional(),
  ...{ poolfifo: Switch.optional(), poolsize: Size, pooltimeout: Time },
  ...{ minidleconns: Size, maxidleconns: Size, maxactiveconns: Size },
  ...{ connmaxidletime: Time, connmaxlifetime: Time, maxredirects: Size },
  ...{ readonly: Switch.optional(), routebylatency: Switch.optional(), routerandomly: Switch.optional() },
  ...{ disableidentity: Switch.optional(), disableindentity: Switch.optional() },
  ...{ identitysuffix: z.string().optional(), unstableresp3: Switch.optional() },
};
const V2_TLS = { enabled: Switch.optional() };
const V3_TLS = {
  ...{ certificate: File, key: File },
  ...{ rootcas: z.array(z.string()).optional(), clientcas: z.array(z.string()).optional() },
};

/** Nothing waits for Redis but locks: a short limit would only break connections, and a long one nobody needs. */
const CONNECT_MS = { least: 1000, most: 10_000, standard: 5000 };
const COMMAND_MS = { least: 1000, most: 3000, standard: 1000 };

/** Redis in the shape of 2.8 or of 3, and not in both. */
export const RedisSection = z
  .strictObject({
    ...V2,
    ...V3,
    password: z.string('expected text: quote a password of digits').optional(),
    db: Count(0, 1_000_000).optional(),
    ...{ dialtimeout: Time, readtimeout: Time, writetimeout: Time },
    tls: z.strictObject({ ...V2_TLS, ...V3_TLS }).optional(),
    /** Ours: what keys and channels begin with. */
    prefix: z
      .string()
      .regex(/^[\w.:/-]{1,64}$/, 'expected letters, digits, "_", ".", ":", "/" or "-", at most 64')
      .default('roadstead:'),
  })
  .superRefine(({ tls }, context) => {
    if ((tls?.certificate === undefined) === (tls?.key === undefined)) return;
    const path = ['tls', tls?.certificate === undefined ? 'certificate' : 'key'];
    context.addIssue({ code: 'custom', path, message: 'expected a certificate and its key, or neither' });
  })
  .superRefine((redis, context) => {
    const old = [...set(redis, V2), ...set(redis.tls ?? {}, V2_TLS).map((key) => `tls.${key}`)];
    const recent = [...set(redis, V3), ...set(redis.tls ?? {}, V3_TLS).map((key) => `tls.${key}`)];
    if (old.length === 0 || recent.length === 0) return;
    context.addIssue({
      code: 'custom',
      path: [recent[0] ?? ''],
      message: `belongs to Distribution 3, and redis.${old[0]} to 2.8: expected one shape or the other`,
    });
  });

function set(section: object, keys: object): string[] {
  return Object.entries(section)
    .filter(([key, value]) => value !== undefined && key in keys)
    .map(([key]) => key);
}

/** Either shape of the section in one: what `services/stores/redis/settings.ts` wants; undefined when it names no Redis. */
export function redisSettingsOf(redis: z.output<typeof RedisSection>) {
  const servers = serversOf(redis);
  if (servers === undefined) return undefined;
  const { certificate, key, rootcas, enabled } = redis.tls ?? {};
  const hasTls = enabled || certificate !== undefined || rootcas !== undefined;
  return {
    servers,
    username: redis.username || undefined,
    password: redis.password || undefined,
    database: servers.kind === 'cluster' ? 0 : (redis.db ?? 0),
    tls: hasTls ? { certificate, key, rootCas: rootcas } : undefined,
    clientName: redis.clientname || undefined,
    connectTimeoutMs: within(redis.dialtimeout, CONNECT_MS),
    commandTimeoutMs: within(redis.readtimeout, COMMAND_MS),
    prefix: redis.prefix,
  };
}

/** As go-redis chooses: Sentinels by a master's name, a cluster by several addresses, or else one server. */
function serversOf(redis: z.output<typeof RedisSection>) {
  const addresses = (redis.addrs ?? (redis.addr ? [redis.addr] : [])).map(local);
  const [address] = addresses;
  if (address === undefined) return undefined;
  if (redis.mastername)
    return {
      ...{ kind: 'sentinel' as const, masterName: redis.mastername, addresses },
      username: redis.sentinelusername || undefined,
      password: redis.sentinelpassword || undefined,
    };
  if (addresses.length > 1) return { kind: 'cluster' as const, addresses };
  return { kind: 'single' as const, address };
}

/** `:6379` is this machine's. */
function local({ host, port }: ListenAddress): ListenAddress {
  return { host: host || 'localhost', port };
}

function within(ms: number | undefined, { least, most, standard }: typeof CONNECT_MS): number {
  return Math.min(most, Math.max(least, ms || standard));
}
