import { z } from 'zod';
import { Delay } from '../duration.ts';
import { Cidr, Count, CountOr, Switch } from '../values.ts';

/** What one page of a list holds at most, as Distribution has it. */
const DEFAULT_PAGE = 1000;
const MAX_PAGE = 100_000;

export const CatalogSection = z.strictObject({ maxentries: CountOr(DEFAULT_PAGE, MAX_PAGE) }).prefault({});
export const TagsSection = z.strictObject({ maxtags: CountOr(DEFAULT_PAGE, MAX_PAGE) }).prefault({});

const Logins = z
  .strictObject({
    enabled: Switch.default(true),
    /** Failures that cost nothing, of one account from one client. */
    attempts: Count(1, 1000).default(5),
    maxwait: Delay.prefault('5m'),
  })
  .prefault({});

const PerSecond = z.number().positive().max(1_000_000).optional();

/** Ours: how much anyone may ask for. */
export const LimitsSection = z
  .strictObject({
    /** Of a port, at a time. */
    connections: Count(1, 1_000_000).default(10_000),
    /** Of one client's; half of `connections` unless given. */
    connectionsperclient: Count(1, 1_000_000).optional(),
    /** Bytes a second that a client has to send, or to take, while it is waited for; 0 for as slow as it likes. */
    minimumrate: Count(0, 1_000_000).default(1024),
    /** By whoever asks, to a node; undefined for as many as they like. */
    requestspersecond: z.strictObject({ client: PerSecond, account: PerSecond }).prefault({}),
    logins: Logins,
    /** For whom neither failed logins nor requests are counted. */
    trustednetworks: z.array(Cidr).default([]),
  })
  .prefault({});
