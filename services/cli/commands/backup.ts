import { mkdtemp, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import { type BackupRun, backUp } from '../../registry/backup/backup.ts';
import { restore } from '../../registry/backup/restore.ts';
import { formatBytes } from '../../registry/runtime/format-bytes.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { withBackup } from '../../serve/serve.ts';
import { ACTOR } from '../actor.ts';
import { recordLocal } from '../audit.ts';
import type { JsonOption } from '../command.ts';
import { Spinner } from '../spinner.ts';
import { fail, print, printError, printJson } from '../table.ts';

export interface BackupCommandOptions extends JsonOption {
  readonly to: string;
  readonly dryRun: boolean;
  readonly verify: boolean;
  readonly allowLoss: boolean;
}

export interface RestoreCommandOptions extends JsonOption {
  readonly dryRun: boolean;
  readonly overwrite: boolean;
  readonly incomplete: boolean;
}

const PROGRESS_MS = 200;

/** Copies the store into a directory. The exit code is 2 if something is damaged, and 1 if the run did not end. */
export async function backupCommand(
  objects: ObjectStore,
  settings: Config,
  options: BackupCommandOptions,
): Promise<void> {
  const { to, dryRun, verify, allowLoss } = options;
  expectElsewhere(settings, resolve(to));
  await using place = dryRun ? await existing(resolve(to)) : held(resolve(to));
  await withBackup(place.path, dryRun ? 'read' : 'write', (target) =>
    carryOut(options, (signal) =>
      backUp({
        ...{ source: objects, target, isDryRun: dryRun, signal },
        ...{ allowsLoss: allowLoss, verifies: verify },
      }),
    ),
  );
}

/** Fills the store from a directory, with the same exit codes. */
export async function restoreCommand(
  objects: ObjectStore,
  settings: Config,
  audit: Audit,
  directory: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const { dryRun, overwrite, incomplete } = options;
  const from = resolve(directory);
  expectElsewhere(settings, from);
  const record = () => recordLocal(audit, { action: 'store.restore', details: { from } });
  await withBackup(from, 'read', (source) =>
    carryOut(options, (signal) =>
      restore({
        ...{ source, target: objects, isDryRun: dryRun, signal, record, by: `${ACTOR}@${hostname()}` },
        ...{ overwrites: overwrite, allowsIncomplete: incomplete },
      }),
    ),
  );
}

function expectElsewhere({ storage: { objects } }: Config, directory: string): void {
  if (objects.driver === 'filesystem' && resolve(objects.rootDirectory) === directory)
    throw new OperatorError(`${directory} is the store itself: name another directory for its backup`);
}

interface Place extends AsyncDisposable {
  readonly path: string;
}

const held = (path: string): Place => ({ path, [Symbol.asyncDispose]: async () => undefined });

/** A directory, or an empty one in its place while it does not exist: a dry run makes none. */
async function existing(path: string): Promise<Place> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return held(path);
  const empty = await mkdtemp(join(tmpdir(), 'roadstead-'));
  return { path: empty, [Symbol.asyncDispose]: () => rm(empty, { recursive: true }) };
}

/** Shows the progress of a run, ends it at a signal, and prints its result. */
async function carryOut(
  { dryRun, json }: JsonOption & { readonly dryRun: boolean },
  begin: (signal: AbortSignal) => BackupRun,
): Promise<void> {
  const startedAt = performance.now();
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const spinner = Spinner.start('comparing');
  const { progress, done } = begin(stop.signal);
  const timer = setInterval(() => {
    const { area, seen, copied, copiedBytes } = progress;
    spinner?.show(`${area}: ${seen} objects seen, ${copied} copied, ${formatBytes(copiedBytes)}`);
  }, PROGRESS_MS);
  try {
    await done;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return fail('stopped: run the same command again to continue');
  } finally {
    clearInterval(timer);
    spinner?.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
  const durationMs = Math.round(performance.now() - startedAt);
  const { area: _, damage, ...counts } = progress;
  if (json) printJson({ dryRun, ...counts, damage, durationMs });
  else {
    const [copied, deleted] = dryRun ? ['would be copied', 'would be deleted'] : ['copied', 'deleted'];
    printError(...damage);
    print(
      `${counts.copied} objects ${copied}, ${formatBytes(counts.copiedBytes)}; ${counts.deleted} ${deleted}; ` +
        `${counts.seen} looked at in ${(durationMs / 1000).toFixed(1)} s`,
    );
  }
  if (damage.length > 0) process.exitCode = 2;
}
