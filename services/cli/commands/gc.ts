import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit } from '../../registry/audit/audit.ts';
import { CollectionGuard } from '../../registry/content/quarantine/guard.ts';
import { UnreadableError } from '../../registry/garbage/collector-reader.ts';
import { describeKept } from '../../registry/garbage/kept-whole.ts';
import {
  type CycleContext,
  type CycleCounts,
  type GarbageSettings,
  newCounts,
} from '../../registry/garbage/online/context.ts';
import { collectOnce } from '../../registry/garbage/online/cycle.ts';
import { bridgeMaxMsOf, GarbageClock } from '../../registry/garbage/online/garbage-clock.ts';
import { isCycleRequested, readProgress, requestCycle } from '../../registry/garbage/online/progress.ts';
import { parseSha256 } from '../../registry/oci/digest.ts';
import { DAMAGED, orDamaged } from '../../registry/storage/json.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { ACTOR } from '../actor.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { fail, print, printJson } from '../table.ts';

/** A worker looks every few seconds whether something is to be done. */
const HEARD_WITHIN_MS = 30_000;
const LOOK_MS = 500;

/** Shows the collector's status; exits with 2 if its last cycle failed, or kept what it could not read. */
export async function gcStatusCommand(objects: ObjectStore, { json }: JsonOption): Promise<void> {
  const progress = await orDamaged(readProgress(objects));
  if (progress === DAMAGED)
    return fail("the collector's status in the store cannot be read: run roadstead check", 2);
  if (json) printJson(progress ?? {}, 2);
  else if (progress === undefined) print('no sync process has collected garbage or purged uploads here yet');
  else {
    const { phase, startedAt, counts, requests, last, trouble, kept = [], purge, clock, holder } = progress;
    if (startedAt !== undefined && counts)
      print(`${phase} since ${startedAt} (${holder}), ${requests ?? 0} requests: ${printCounts(counts)}`);
    else print('no cycle is running');
    if (last)
      print(
        `last cycle: ${last.startedAt} to ${last.endedAt}, ${last.requests} requests: ${printCounts(last.counts)}`,
      );
    const lagSeconds = clock ? Math.round((clock.wallMs - clock.ms) / 1000) : 0;
    if (lagSeconds > 60)
      print(
        `grace and quarantine do not count ${lagSeconds} s in which no worker ran, or the wall clock was stepped`,
      );
    if (clock?.step)
      print(
        `the wall clock was stepped by ${Math.round(clock.step.byMs / 1000)} s, as seen at ${clock.step.seenAt}: grace and quarantine do not count that`,
      );
    for (const each of kept) print(describeKept(each));
    if (trouble !== undefined) print(`the last run failed: ${trouble}`);
    if (purge)
      print(
        `uploads: ${purge.purged} ${purge.dryRun ? 'would have been purged' : 'purged'} at ${purge.endedAt}`,
      );
  }
  if (progress?.trouble !== undefined || progress?.kept) process.exitCode = 2;
}

/** Asks the worker for a cycle, and waits until it has done one. */
export async function gcRunCommand(
  objects: ObjectStore,
  audit: Audit,
  options: JsonOption & { readonly timeoutMs: number; readonly heardWithinMs?: number },
): Promise<void> {
  const { json, timeoutMs, heardWithinMs = HEARD_WITHIN_MS } = options;
  const before = await readProgress(objects);
  await recordLocal(audit, { action: 'garbage.request' });
  await requestCycle(objects, ACTOR);
  const askedAt = performance.now();
  let idleSince = askedAt;
  for (let isHeard = false; ; await sleep(LOOK_MS)) {
    isHeard ||= !(await isCycleRequested(objects));
    const progress = await readProgress(objects);
    if (isHeard && progress?.trouble !== undefined && progress.startedAt === undefined)
      return fail(`the cycle failed: ${progress.trouble}`);
    const { last, kept = [] } = progress ?? {};
    if (isHeard && last && last.endedAt !== before?.last?.endedAt) {
      if (json) printJson(last);
      else print(`done with ${last.requests} requests: ${printCounts(last.counts)}`);
      if (kept.length > 0) fail(kept.map(describeKept), 2);
      return;
    }
    const tookMs = performance.now() - askedAt;
    // A worker that is busy with a cycle sees the request afterwards.
    if (progress?.startedAt !== undefined) idleSince = performance.now();
    if (!isHeard && performance.now() - idleSince > heardWithinMs)
      return fail(
        'no worker has picked up the request: does a sync process run over this store with garbagecollection.enabled?',
      );
    if (tookMs > timeoutMs) return fail('the cycle is still running: see "roadstead gc status"');
  }
}

/** What a cycle would do now; changes nothing. */
export async function gcDryRunCommand(
  objects: ObjectStore,
  settings: GarbageSettings,
  { json }: JsonOption,
): Promise<void> {
  const stop = new AbortController();
  const counts = newCounts();
  const clocks = { wall: () => Date.now(), monotonic: () => performance.now(), boot: '-' };
  const clock = new GarbageClock(clocks, bridgeMaxMsOf([settings.graceMs, settings.quarantineMs]));
  clock.follow(await readProgress(objects));
  const context: CycleContext = {
    ...{ objects, settings, signal: stop.signal, dryRun: true, counts },
    mayChange: async () => refuseToChange(),
    fence: { check: refuseToChange, doubt: () => undefined },
    settle: async () => undefined,
    now: () => clock.now(),
    wallNow: clocks.wall,
  };
  try {
    const { candidates, kept } = await collectOnce(context);
    if (kept.length > 0) fail(kept.map(describeKept), 2);
    if (json) return printJson({ ...counts, candidates });
    for (const digest of candidates) print(`out of use: ${digest}`);
    print(`a dry run, nothing was changed: ${printCounts(counts)}`);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    fail([error.message, ...error.unreadable.map((each) => `  ${each}`)]);
  }
}

/** Takes content out of quarantine: it waits for its grace and quarantine again. Exits with 1 when it has gone. */
export async function gcRestoreCommand(objects: ObjectStore, audit: Audit, digest: string): Promise<void> {
  const stored = parseSha256(digest);
  await recordLocal(audit, { action: 'garbage.restore', digest: stored });
  const rescued = await new CollectionGuard(objects).rescue([stored]);
  if ((await objects.stat(blobDataKey(stored))) === undefined)
    fail(`${stored} is not in the store (any more)`);
  else if (rescued.length === 0) print(`${stored} is not in quarantine`);
  else print(`${stored} is restored: push or promote what refers to it, or it goes into quarantine again`);
}

function refuseToChange(): never {
  throw new Error('a dry run changes nothing');
}

function printCounts(counts: CycleCounts): string {
  const { objectsListed, stored, inUse, suspected, quarantined, inQuarantine, released, deleted } = counts;
  return (
    `${objectsListed} objects listed, ${stored} blobs stored, ${inUse} in use, ${suspected} out of use for less than the ` +
    `grace, ${quarantined} put into quarantine, ${inQuarantine} in quarantine, ${released} released, ${deleted} deleted`
  );
}
