import { Metrics } from '../../services/http/metrics.ts';
import { type Audit, NO_AUDIT } from '../../services/registry/audit/audit.ts';
import { GARBAGE_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import type { Clocks } from '../../services/registry/garbage/online/garbage-clock.ts';
import { readProgress, requestCycle } from '../../services/registry/garbage/online/progress.ts';
import { parseSha256 } from '../../services/registry/oci/digest.ts';
import type { Log } from '../../services/registry/runtime/log.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { listAll } from '../../services/registry/storage/object-store.ts';
import { GarbageWorker, type GarbageWorkerParts } from '../../services/sync/garbage/worker.ts';
import { LEASE_TIMING } from '../../services/sync/lease.ts';
import { eventually } from '../support/eventually.ts';
import type { Step, World } from './scenario.ts';

const HOUR_MS = 3_600_000;
/** Hour 0 of every story. */
const BEGINNING = Date.now();
/** So long that nothing is done twice by itself. */
const NEVER_MS = 24 * HOUR_MS;
/** Later than any story: a clock that runs backwards holds back the purge. */
const LONG_MS = 1000 * HOUR_MS;

const metrics = new Metrics();
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** By now, what a predecessor may have left under way has arrived: the late one is in this process, and comes sooner. */
export const TAKEOVER_MS = 400;

type Place = Pick<World, 'objects' | 'time'>;

/** A pass of the garbage collection: grace and quarantine are an hour each. */
export interface Pass {
  /** When, in hours since the story began. */
  readonly hour: number;
  readonly deleteUntagged?: boolean;
  /** True when it comes because an operator asks for it, by `roadstead gc run`. */
  readonly isAsked?: boolean;
  /** False for a collection that puts into quarantine at once what it finds. */
  readonly hasGrace?: boolean;
}

/** A pass from its beginning to its end, by a worker as the sync process has it. */
export const passing = (pass: Pass): Step => ({
  does: `collect garbage in hour ${pass.hour}`,
  isMuchLater: pass.hour > 0,
  act: (world) => collect(world, pass),
});

/** Has a worker do a pass, and ends it in peace. */
export async function collect(place: Place, pass: Pass, audit: Audit = NO_AUDIT): Promise<void> {
  const { hour, deleteUntagged = false, isAsked = false, hasGrace = true } = pass;
  if (isAsked) await requestCycle(place.objects, 'an operator');
  const ended = Promise.withResolvers<void>();
  const fail = ({ err }: { err?: unknown }) => ended.reject(err);
  const graceMs = hasGrace ? HOUR_MS : 0;
  await using _ = worker(place, {
    settings: {
      collecting: { intervalMs: isAsked ? NEVER_MS : 0, graceMs, quarantineMs: HOUR_MS, deleteUntagged },
      ...{ purging: undefined, requestsPerSecond: undefined },
    },
    logger: {
      info: (_fields, message) => message.endsWith('a cycle has ended') && ended.resolve(),
      ...{ warn: fail, error: fail },
    },
    clocks: await clocksAt(place, BEGINNING + hour * HOUR_MS),
    audit,
  });
  await ended.promise;
}

/** Has a worker purge uploads to which nothing was added since a moment, and ends it in peace. */
export async function purgeOlderThan(place: Place, moment: number): Promise<void> {
  const told = async () => (await readProgress(place.objects))?.purge?.endedAt;
  const before = await told();
  await using _ = worker(place, {
    settings: {
      purging: { ageMs: LONG_MS, intervalMs: 0, dryRun: false },
      ...{ collecting: undefined, requestsPerSecond: undefined },
    },
    logger: silent,
    audit: NO_AUDIT,
    clocks: await clocksAt(place, moment + LONG_MS),
  });
  await eventually('uploads are purged', async () => (await told()) !== before);
}

/** Of a worker that began when the last one ended, and for which it is this moment by now: it has counted all the time. */
async function clocksAt({ objects }: Place, moment: number): Promise<Clocks> {
  const { monotonicMs = moment } = (await readProgress(objects))?.clock ?? {};
  let ms = Math.min(monotonicMs, moment);
  const now = () => {
    // As soon as it has followed the last one.
    queueMicrotask(() => {
      ms = moment;
    });
    return ms;
  };
  return { wall: now, monotonic: now, boot: 'a test' };
}

function worker(
  { objects, time }: Place,
  parts: Pick<GarbageWorkerParts, 'settings' | 'logger' | 'clocks' | 'audit'>,
): GarbageWorker {
  const quick = { pollMs: NEVER_MS, settleMs: 0, takeoverMs: TAKEOVER_MS, firstPurgeMs: 0 };
  // The dead are seen to be no more; one that a busy machine holds up must not count as one of them.
  const timing = { ...LEASE_TIMING, silenceMs: NEVER_MS, ...(time && { now: time.now }) };
  return new GarbageWorker({ objects, metrics, timing, ...parts, ...quick });
}

/** Throws while anything that a collection does is half done, or something waits for the next one. */
export async function expectNothingLeft({ objects }: Pick<World, 'objects'>): Promise<void> {
  const left: string[] = [];
  for await (const { key } of listAll(objects, { prefix: GARBAGE_PREFIX }))
    if (!/\/(?:facts|worker)\//.test(key)) left.push(key);
  if (left.length > 0) throw new Error(`the collector has left ${left.join(', ')}`);
}

/** Throws unless the bytes of these are in the store, or unless they are not. */
export async function expectStored(
  { objects }: Pick<World, 'objects'>,
  digests: readonly string[],
  areThere: boolean,
): Promise<void> {
  for (const digest of digests)
    if (((await objects.stat(blobDataKey(parseSha256(digest)))) !== undefined) !== areThere)
      throw new Error(`${digest} is ${areThere ? 'lost' : 'still there'}`);
}
