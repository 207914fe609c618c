import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { FilesystemStore } from '../../../services/stores/filesystem/filesystem-store.ts';
import { tempDir } from '../../support/temp.ts';
import { messageOf } from '../client.ts';
import { faultsOf } from '../invariants.ts';
import { Life } from '../life.ts';
import { startProcess } from '../process.ts';
import type { Scenario, World } from '../scenario.ts';
import { buryHolders, Stored } from '../stored.ts';
import { filesAfter, type PowerCut } from './disk.ts';
import { type DiskCall, RecordedFs } from './recorded-fs.ts';

/** Most of what comes after a cut is waiting. */
const AT_ONCE = 32;

/** What a power cut left, and what had been acknowledged by then. */
interface Left {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly acknowledged: number;
  readonly cut: string;
  /** What the process was about to ask the file system for; undefined right after an acknowledgement. */
  readonly before: DiskCall | undefined;
}

export interface TrialOptions {
  /** As in the configuration. */
  readonly sync?: boolean;
  /** The number, from 1, of a sync that is left out. */
  readonly forgottenSync?: number;
  /** How the power fails, at each moment. */
  readonly cuts: () => readonly PowerCut[];
}

/** What came of a scenario in which the power may fail at any moment. */
export interface TrialResult {
  /** Different states of the disk that were looked at. */
  readonly states: number;
  /** The syncs of the scenario's steps, in order. */
  readonly syncs: readonly DiskCall[];
  /** What was wrong, a line each. */
  readonly faults: readonly string[];
}

/** Plays a scenario on a file system, and cuts the power before each call of it and after each acknowledgement. */
export async function tryPowerCuts(scenario: Scenario, options: TrialOptions): Promise<TrialResult> {
  await using home = await tempDir('power');
  const left = new Map<string, Left>();
  const syncs: DiskCall[] = [];
  const memory = new Map<string, string>();
  let acknowledged = -1;
  const look = (before: DiskCall | undefined, disk: RecordedFs): void => {
    if (acknowledged < 0) return;
    for (const cut of options.cuts()) note(left, disk, cut, acknowledged, before);
  };
  const rootDirectory = join(home.path, 'store');
  await mkdir(rootDirectory);
  const disk: RecordedFs = new RecordedFs(rootDirectory, {
    onCall: (call) => {
      if (acknowledged >= 0 && call.call.startsWith('sync')) syncs.push(call);
      look(call, disk);
    },
    isForgotten: () => acknowledged >= 0 && syncs.length === options.forgottenSync,
  });
  try {
    const objects = await FilesystemStore.open({ rootDirectory, sync: options.sync ?? true });
    await using running = await startOver(objects, memory);
    await scenario.prepare?.(running.world);
    acknowledged = 0;
    for (const { act } of scenario.steps) {
      await act(running.world);
      acknowledged++;
      look(undefined, disk);
    }
  } finally {
    disk[Symbol.dispose]();
  }
  const told = await pMap(left.values(), (each) => faultsAfter(each, scenario, memory), {
    concurrency: AT_ONCE,
  });
  return { states: left.size, syncs, faults: told.flat() };
}

function note(
  left: Map<string, Left>,
  disk: RecordedFs,
  cut: PowerCut,
  acknowledged: number,
  before: DiskCall | undefined,
): void {
  const files = filesAfter(disk.root, cut);
  const hash = createHash('sha1').update(String(acknowledged));
  for (const key of [...files.keys()].sort()) hash.update(key).update(files.get(key) ?? '');
  const id = hash.digest('hex');
  if (!left.has(id)) left.set(id, { files, acknowledged, cut: cut.name, before });
}

async function faultsAfter(left: Left, scenario: Scenario, memory: Map<string, string>): Promise<string[]> {
  const stored = Stored.of(left.files);
  buryHolders(stored);
  const faults = await faultsOf(stored);
  if (left.acknowledged > 0)
    try {
      await using running = await startOver(stored, memory);
      for (const { does, holds } of scenario.steps.slice(0, left.acknowledged))
        await holds?.(running.world).catch((error: unknown) => {
          faults.push(`acknowledged, and lost: ${does}: ${messageOf(error)}`);
        });
      const last = scenario.steps[left.acknowledged - 1];
      if (last && 'canGoOn' in last)
        await last.canGoOn(running.world).catch((error: unknown) => {
          faults.push(`acknowledged, and cannot be gone on with: ${last.does}: ${messageOf(error)}`);
        });
    } catch (error) {
      faults.push(`no process can start: ${messageOf(error)}`);
    }
  const { before, cut } = left;
  const when = before ? `before ${before.call} ${before.path}` : 'right after an acknowledgement';
  return faults.map((fault) => `${cut}, ${when}: ${fault}`);
}

async function startOver(
  objects: World['objects'],
  memory: Map<string, string>,
): Promise<AsyncDisposable & { readonly world: World }> {
  const process = await startProcess(objects, new Life(), {});
  const { url, shutDown } = process;
  return {
    world: {
      ...{ url, objects, memory, shutDown, mirrorDirectory: '', accepted: () => [] },
      stored: objects instanceof Stored ? objects : new Stored(),
    },
    [Symbol.asyncDispose]: shutDown,
  };
}
