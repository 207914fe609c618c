import { z } from 'zod';
import { encodeJson, parseJson } from './json.ts';
import { Numbered, padded } from './numbered.ts';
import type { ObjectStore } from './object-store.ts';

const LEASE_MAX_BYTES = 1024 * 1024;

/** What every lease object contains, under the names that it is stored with. */
const HeartbeatSchema = z.object({
  version: z.literal(1),
  /** The worker that owns the lease; empty when it has released it. */
  holder: z.string(),
  /** The heartbeat: counts up while the owner lives. Others watch it move instead of comparing clocks. */
  beat: z.int().nonnegative(),
  /** The time of the last heartbeat, RFC 3339 UTC, for people. */
  beatAt: z.string(),
  /** A request of this owner or an earlier one may still be under way: a successor has to wait until it no longer can. */
  mayHavePredecessor: z.boolean().optional(),
});

/** The owner's sign of life. */
export type Heartbeat = Readonly<z.infer<typeof HeartbeatSchema>>;

/** A lease as it is stored: the owner's heartbeat, and the state of its work. */
export interface StoredLease<S> {
  /** Counts the owners, from 1: the fencing token. */
  readonly leaseEpoch: number;
  readonly value: Heartbeat & S;
}

/**
 * Leases on one kind of work, decided by the store alone: a lease is an object `<prefix><epoch>.json`, taken over by the
 * conditional create of the next epoch. Each owner writes only under its own epoch, so one that was thought dead and
 * comes back writes where nobody reads any more (docs/decisions/0004-mirror-ledger-terms.md).
 */
export class LeaseStore<S> {
  readonly prefix: string;
  /** Whether an owner that has ended can have left no request behind. */
  readonly writesEndWithProcess: boolean;
  readonly #epochs: Numbered;
  readonly #schema: z.ZodType<Heartbeat & S>;

  /** `prefix` ends in `/`; `stateSchema` parses what the owner stores with its heartbeat, of at most `maxBytes`. */
  constructor(
    objects: ObjectStore,
    prefix: string,
    stateSchema: z.ZodType<S>,
    maxBytes: number = LEASE_MAX_BYTES,
  ) {
    this.prefix = prefix;
    this.writesEndWithProcess = objects.writesEndWithProcess;
    const keyOf = (leaseEpoch: number) => `${prefix}${padded(leaseEpoch, 10)}.json`;
    this.#epochs = new Numbered(objects, { prefix, keyOf, maxBytes });
    this.#schema = z.intersection(HeartbeatSchema, stateSchema);
  }

  /** The newest lease; undefined if there never was one. Throws if it cannot be parsed. */
  async read(signal?: AbortSignal): Promise<StoredLease<S> | undefined> {
    const newest = await this.#epochs.newest(signal);
    if (newest === undefined) return undefined;
    return { leaseEpoch: newest.number, value: parseJson(this.#schema, newest.bytes) };
  }

  /** A lease that was read before, as its owner has renewed it; undefined if a later one was taken. Costs one request. */
  async readAgain(leaseEpoch: number, signal?: AbortSignal): Promise<StoredLease<S> | undefined> {
    const bytes = await this.#epochs.read(leaseEpoch, signal);
    return bytes && { leaseEpoch, value: parseJson(this.#schema, bytes) };
  }

  /** Takes over the epoch after `previous`. Undefined when another worker was faster. */
  async acquire(
    previous: StoredLease<S> | undefined,
    value: Heartbeat & S,
  ): Promise<StoredLease<S> | undefined> {
    const leaseEpoch = (previous?.leaseEpoch ?? 0) + 1;
    if ((await this.#epochs.putIfAbsent(leaseEpoch, encodeJson(value))) === 'exists') return undefined;
    await this.#epochs.deleteBelow(leaseEpoch);
    return { leaseEpoch, value };
  }

  /** Writes under the owner's own epoch. False when a successor has taken over: the owner must stop working then. */
  async write({ leaseEpoch, value }: StoredLease<S>): Promise<boolean> {
    const later = await this.#epochs.numbers(undefined, leaseEpoch).next();
    if (!later.done) return false;
    // Durable although it says nothing new: half of it, after a power cut, would keep every worker from starting.
    await this.#epochs.overwrite(leaseEpoch, encodeJson(value));
    return true;
  }
}
