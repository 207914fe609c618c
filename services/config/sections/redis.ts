import { z } from 'zod';
import { Duration } from '../duration.ts';
import { about, addProblem, honoured, noEffect, type Origin, optionalSection } from '../key.ts';
import { Switch, when } from '../switch.ts';
import { Address, Count, File, Text } from '../values.ts';

const Size = Count(-1, 1_000_000).optional();
const Time = Duration.optional();
const Flag = Switch.optional();
const Word = Text.optional();

const NOWHERE = 'it has no address (redis.addrs, or redis.addr in the shape of 2.8), so Redis is not used';
const POOL = 'there is no pool: one connection is for commands, and one listens';
const RETRIES = 'commands are not retried: the store has the answers that Redis could not give';
const REPLICAS = 'nothing is read from Redis that a replica could answer';
const NAMING = 'connections have the name redis.clientname';
const LASTING = 'connections are kept until they fail';
const PROTOCOL = 'the newest protocol that the server supports is used';

/** Keys that only one version of Distribution has. */
function keysFrom<T extends Readonly<Record<string, z.ZodType>>>(from: Origin, keys: T): T {
  return Object.fromEntries(Object.entries(keys).map(([key, type]) => [key, about(type, { from })])) as T;
}

const V2 = keysFrom('2.8', {
  addr: honoured(Address.optional(), 'the address of Redis'),
  pool: optionalSection({
    maxidle: noEffect(Size, POOL),
    maxactive: noEffect(Size, POOL),
    idletimeout: noEffect(Time, POOL),
  }),
});
/** go-redis' UniversalOptions. */
const V3 = keysFrom('3', {
  addrs: honoured(
    z.array(Address).optional(),
    'the address of Redis; several are a cluster or, with a mastername, Sentinels',
  ),
  mastername: honoured(Word, 'the name of the server at the Sentinels'),
  username: honoured(Word, 'the user in the access control list'),
  sentinelusername: honoured(Word, 'the user at the Sentinels'),
  sentinelpassword: honoured(Word, 'the password at the Sentinels'),
  clientname: honoured(Word, 'the name of connections in CLIENT LIST'),
  ...{ maxretries: noEffect(Size, RETRIES), maxredirects: noEffect(Size, RETRIES) },
  ...{ minretrybackoff: noEffect(Time, RETRIES), maxretrybackoff: noEffect(Time, RETRIES) },
  ...{ poolfifo: noEffect(Flag, POOL), poolsize: noEffect(Size, POOL), pooltimeout: noEffect(Time, POOL) },
  ...{ minidleconns: noEffect(Size, POOL), maxidleconns: noEffect(Size, POOL) },
  maxactiveconns: noEffect(Size, POOL),
  ...{ connmaxidletime: noEffect(Time, LASTING), connmaxlifetime: noEffect(Time, LASTING) },
  ...{ readonly: noEffect(Flag, REPLICAS), routebylatency: noEffect(Flag, REPLICAS) },
  routerandomly: noEffect(Flag, REPLICAS),
  ...{ disableidentity: noEffect(Flag, NAMING), disableindentity: noEffect(Flag, NAMING) },
  identitysuffix: noEffect(Word, NAMING),
  contexttimeoutenabled: noEffect(Flag, 'commands always have a time limit'),
  ...{ protocol: noEffect(Count(0, 3).optional(), PROTOCOL), unstableresp3: noEffect(Flag, PROTOCOL) },
});
const V2_TLS = keysFrom('2.8', {
  enabled: honoured(
    Flag,
    '`true`: TLS; the certificate is verified by the authorities that the runtime knows',
    { default: false },
  ),
});
const V3_TLS = keysFrom('3', {
  certificate: honoured(File.optional(), 'TLS, with this PEM certificate if the server asks for one'),
  key: honoured(File.optional(), 'the PEM file of its private key'),
  rootcas: honoured(
    z.array(z.string()).optional(),
    'TLS; PEM files of the authorities that verify the certificate. Unlike in Distribution, redis.tls.certificate is not needed',
  ),
  clientcas: noEffect(
    z.array(z.string()).optional(),
    'this is a setting of the Redis server; Distribution ignores it, too',
  ),
});

/** Only locks wait for Redis: shorter limits would only break connections, and longer ones help nobody. */
const CONNECT_MS = { min: 1000, max: 10_000, default: 5000 };
const COMMAND_MS = { min: 1000, max: 3000, default: 1000 };

/** Redis in the shape of 2.8 or of 3, but not in both; in the words of `services/redis/settings.ts`. */
export const RedisSection = honoured(
  z.strictObject({
    ...V2,
    ...V3,
    password: honoured(Word, 'the password of the server'),
    db: honoured(Count(0, 1_000_000).default(0), 'the number of the database', {
      note: 'no effect on a cluster, which has only 0',
      decide: when(
        (_, { addrs, mastername }) => Array.isArray(addrs) && addrs.length > 1 && !isSet(mastername),
        'no effect',
        'a cluster has only database 0',
      ),
    }),
    prefix: honoured(
      z
        .string()
        .regex(/^[\w.:/-]{1,64}$/, 'expected letters, digits, "_", ".", ":", "/" or "-", at most 64')
        .default('roadstead:'),
      'the prefix of keys and channels, for registries that share a Redis',
      { from: 'ours' },
    ),
    dialtimeout: honoured(
      Duration.prefault('5s'),
      'time limit for a connection to be made; at least 1s, at most 10s',
      { example: '2s' },
    ),
    readtimeout: honoured(
      Duration.prefault('1s'),
      'time limit for an answer; at least 1s, at most 3s, since only locks wait for one',
      { example: '2s' },
    ),
    writetimeout: noEffect(Time, 'redis.readtimeout covers a command from its sending to its answer'),
    tls: optionalSection({ ...V2_TLS, ...V3_TLS }),
  }),
  'notifies nodes of changes at once, and holds locks; everything works without it',
  {
    decide(value) {
      const { addr, addrs } = Object(value) as { addr?: unknown; addrs?: unknown };
      return isSet(addr) || isSet(addrs) ? undefined : { kind: 'no effect', text: NOWHERE, warning: NOWHERE };
    },
  },
)
  .superRefine(({ tls }, context) => {
    if ((tls?.certificate === undefined) === (tls?.key === undefined)) return;
    const path = ['tls', tls?.certificate === undefined ? 'certificate' : 'key'];
    addProblem(context, path, 'expected a certificate and its key, or neither');
  })
  .superRefine((redis, context) => {
    const old = [...set(redis, V2), ...set(redis.tls ?? {}, V2_TLS).map((key) => `tls.${key}`)];
    const recent = [...set(redis, V3), ...set(redis.tls ?? {}, V3_TLS).map((key) => `tls.${key}`)];
    if (old[0] === undefined || recent[0] === undefined) return;
    const message = `this key is of Distribution 3, but redis.${old[0]} is of 2.8: expected only one of the two shapes`;
    addProblem(context, [recent[0]], message);
  })
  .transform((redis) => {
    const servers = serversOf(redis);
    if (servers === undefined) return undefined;
    const { certificate, key, rootcas, enabled } = redis.tls ?? {};
    const hasTls = enabled || certificate !== undefined || rootcas !== undefined;
    return {
      servers,
      username: redis.username || undefined,
      password: redis.password || undefined,
      database: servers.kind === 'cluster' ? 0 : redis.db,
      tls: hasTls ? { certificate, key, rootCas: rootcas } : undefined,
      clientName: redis.clientname || undefined,
      connectTimeoutMs: within(redis.dialtimeout, CONNECT_MS),
      commandTimeoutMs: within(redis.readtimeout, COMMAND_MS),
      prefix: redis.prefix,
    };
  });

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function set(section: object, keys: object): string[] {
  return Object.entries(section)
    .filter(([key, value]) => value !== undefined && key in keys)
    .map(([key]) => key);
}

/** As go-redis chooses: Sentinels with a master's name, a cluster with several addresses, else one server. */
function serversOf(redis: z.output<z.ZodObject<typeof V2 & typeof V3>>) {
  const { addr, addrs, mastername, sentinelusername, sentinelpassword } = redis;
  // `:6379` is on this machine.
  const addresses = (addrs ?? (addr ? [addr] : [])).map(({ host, port }) => ({
    host: host || 'localhost',
    port,
  }));
  const [address] = addresses;
  if (address === undefined) return undefined;
  if (mastername)
    return {
      ...{ kind: 'sentinel' as const, masterName: mastername, addresses },
      username: sentinelusername || undefined,
      password: sentinelpassword || undefined,
    };
  if (addresses.length > 1) return { kind: 'cluster' as const, addresses };
  return { kind: 'single' as const, address };
}

/** 0 means the default, as in Distribution. */
function within(ms: number, limits: typeof CONNECT_MS): number {
  return Math.min(limits.max, Math.max(limits.min, ms || limits.default));
}
