import { durationRow, type Entry, honoured, noEffect, row, rows, type Verdict } from './entry.ts';

type Mapping = Readonly<Record<string, unknown>>;

const NOWHERE =
  'names no address (redis.addrs, or redis.addr in the shape of 2.8), so that there is no Redis';
const POOL = noEffect('there is no pool: one connection for commands, and one to listen');
const AGAIN = noEffect(
  'no command is sent again: what could not be told over Redis is looked up in the store',
);
const ONCE = noEffect('nothing is read from Redis that a replica could answer');
const NAMING = noEffect('connections are called as redis.clientname says');
const WRITING = noEffect('a command has redis.readtimeout, from when it is sent to its answer');
const LASTING = noEffect('connections stand as long as they work');

const durations = (section: string, from: Entry['from'], verdict: Verdict, names: string) =>
  names.split(' ').map((name) => durationRow(`${section}.${name}`, from, verdict));

const isSet = (value: unknown) => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** Both shapes of the section; a file has one of them. */
export const REDIS_KEYS: readonly Entry[] = [
  row(
    'redis',
    '2.8, 3',
    honoured('tells nodes of changes at once, and holds locks; all goes on without it'),
    {
      decide(value) {
        const { addr, addrs } = value as Mapping;
        return isSet(addr) || isSet(addrs) ? undefined : { ...noEffect(NOWHERE), warning: NOWHERE };
      },
    },
  ),
  row('redis.addr', '2.8', honoured('where Redis listens')),
  row(
    'redis.addrs',
    '3',
    honoured(
      'where Redis listens; several addresses are those of a cluster, or, with a mastername, of Sentinels',
    ),
  ),
  row('redis.mastername', '3', honoured('the name under which Sentinels know the server')),
  row('redis.username', '3', honoured('the user of the access control list')),
  row('redis.password', '2.8, 3', honoured('the password of the server')),
  row('redis.sentinelusername', '3', honoured('the user that Sentinels know')),
  row('redis.sentinelpassword', '3', honoured('the password of Sentinels')),
  row('redis.db', '2.8, 3', honoured('the number of the database'), {
    standard: '0',
    note: 'no effect on a cluster, which has only 0',
    decide: (_, { addrs, mastername }) =>
      Array.isArray(addrs) && addrs.length > 1 && !isSet(mastername)
        ? noEffect('a cluster has only database 0')
        : undefined,
  }),
  row('redis.clientname', '3', honoured('what connections are called in CLIENT LIST')),
  row(
    'redis.prefix',
    'ours',
    honoured('what keys and channels begin with, for registries that share a Redis'),
    {
      standard: '"roadstead:"',
    },
  ),
  durationRow(
    'redis.dialtimeout',
    '2.8, 3',
    honoured('how long a connection may take to stand; at least 1s, at most 10s'),
    '5s',
  ),
  durationRow(
    'redis.readtimeout',
    '2.8, 3',
    honoured('how long an answer may take; at least 1s, at most 3s: only locks wait for one'),
    '1s',
  ),
  durationRow('redis.writetimeout', '2.8, 3', WRITING),
  ...rows('redis.pool', '2.8', POOL, 'maxidle maxactive'),
  ...durations('redis.pool', '2.8', POOL, 'idletimeout'),
  row(
    'redis.tls.enabled',
    '2.8',
    honoured('`true`: TLS, by a certificate of one of the authorities that the runtime knows'),
    { standard: 'false' },
  ),
  row(
    'redis.tls.certificate',
    '3',
    honoured('TLS, and this certificate, in PEM, where the server asks for one'),
  ),
  row('redis.tls.key', '3', honoured('the key of that certificate, in PEM')),
  row(
    'redis.tls.rootcas',
    '3',
    honoured(
      "TLS, by a certificate of these authorities, in PEM; without redis.tls.certificate, too, unlike Distribution's",
    ),
  ),
  row(
    'redis.tls.clientcas',
    '3',
    noEffect('which clients a server trusts is its own to say, with Distribution, too'),
  ),
  ...rows('redis', '3', AGAIN, 'maxretries maxredirects'),
  ...durations('redis', '3', AGAIN, 'minretrybackoff maxretrybackoff'),
  ...rows('redis', '3', POOL, 'poolfifo poolsize minidleconns maxidleconns maxactiveconns'),
  ...durations('redis', '3', POOL, 'pooltimeout'),
  ...durations('redis', '3', LASTING, 'connmaxidletime connmaxlifetime'),
  ...rows('redis', '3', ONCE, 'readonly routebylatency routerandomly'),
  ...rows('redis', '3', NAMING, 'disableidentity disableindentity identitysuffix'),
  row('redis.contexttimeoutenabled', '3', noEffect('a command always has a limit of time')),
  ...rows(
    'redis',
    '3',
    noEffect('the newest protocol is spoken that the server knows'),
    'protocol unstableresp3',
  ),
];
