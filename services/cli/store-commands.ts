import { InvalidArgumentError } from 'commander';
import { manifestRulesOf, promotionPolicyOf, sealerOf } from '../config/rules.ts';
import { stableTest } from '../registry/oci/repository-classes.ts';
import { PARTS, type Part } from '../serve/parts.ts';
import { durationIn, gather } from './arguments.ts';
import { addAuditCommands } from './audit-commands.ts';
import type { CliCommand, JsonOption, StoreWork } from './command.ts';
import { addGcCommands } from './gc-commands.ts';
import { addKeysCommands } from './keys-commands.ts';

/** Commands that work on the store that a configuration names, whether or not a registry runs over it. */
export function addStoreCommands(program: CliCommand): void {
  program
    .subcommand('config', 'look at configuration files')
    .subcommand('check', 'show what each setting does, without starting anything')
    .withConfig()
    .option(
      '--part <name>',
      `check only the files that this process reads: ${PARTS.join(', ')}; may be repeated (default: all)`,
      part,
    )
    .withJson()
    .action(async (config: string, options) => {
      const { configCheckCommand } = await import('./commands/config-check.ts');
      await configCheckCommand(config, process.env, options);
    });
  addCheck(program);
  addGarbageCollect(program);
  addGcCommands(program);
  addKeysCommands(program);
  addBackup(program);
  addReadOnly(program);
  addNotifications(program);
  addAuditCommands(program);
}

function part(text: string, before: readonly Part[] = []): readonly Part[] {
  const found = PARTS.find((name) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`expected one of ${PARTS.join(', ')}`);
  return [...before, found];
}

function addCheck(program: CliCommand): void {
  program
    .subcommand('check', 'read the whole store and report what is broken (exit code 2 if anything is)')
    .option('--deep', 'read every blob to its end', false)
    .option('--repository <name>', 'only this repository; may be repeated', gather)
    .withJson('print one line of JSON for each finding, and one for the summary')
    .overStore(
      'only-read',
      () => import('./commands/check.ts'),
      (code, { objects, settings, options }) =>
        code.checkCommand(objects, manifestRulesOf(settings), {
          ...{ ...options, sealer: sealerOf(settings) },
          isStable: stableTest(promotionPolicyOf(settings)),
        }),
    );
}

function addGarbageCollect(program: CliCommand): void {
  program
    .subcommand('garbage-collect', 'delete what nothing refers to any more; writes are off while it runs')
    .option('-d, --dry-run', 'show what would be deleted; delete nothing', false)
    .option('-m, --delete-untagged', 'also delete manifests that no tag leads to', false)
    .option('-q, --quiet', 'do not print a line for each deleted object', false)
    .option(
      '--grace <duration>',
      'keep younger content: it may belong to a push in progress; without a unit, minutes (default: 1h)',
      durationIn('minutes'),
    )
    .withJson()
    .overStore(
      ({ dryRun }) => (dryRun ? 'only-read' : 'write'),
      () => import('./commands/garbage-collect.ts'),
      (code, { objects, audit, options: { grace = 3_600_000, ...options } }) =>
        code.garbageCollectCommand(objects, audit, { ...options, graceMs: grace }),
    );
}

function addBackup(program: CliCommand): void {
  const load = () => import('./commands/backup.ts');
  program
    .subcommand('backup', 'make a directory what the store is now, while the registry runs')
    .requiredOption(
      '--to <directory>',
      'where the backup is; a first run makes it, later ones copy what is new',
    )
    .option('-d, --dry-run', 'show what would be copied and deleted; change nothing', false)
    .option('--verify', 'read every blob of the backup at the end, and copy damaged ones again', false)
    .option('--allow-loss', 'follow the store even if it has lost most of its manifests', false)
    .withJson()
    .overStore('only-read', load, (code, { objects, settings, options }) =>
      code.backupCommand(objects, settings, options),
    );
  program
    .subcommand('restore', 'fill an empty store from a backup, while no registry runs over it')
    .argument('<directory>', 'the backup, or any copy of a store')
    .option('-d, --dry-run', 'show what would be copied; change nothing', false)
    .option('--overwrite', 'replace what is in the store by what the backup has; delete nothing', false)
    .option('--incomplete', 'restore from a backup whose last run was interrupted', false)
    .withJson()
    .overStore(
      ({ dryRun }) => (dryRun ? 'only-read' : 'write'),
      load,
      (code, { objects, settings, audit, argument, options }) =>
        code.restoreCommand(objects, settings, audit, argument, options),
    );
}

function addReadOnly(program: CliCommand): void {
  const readOnly = program.subcommand(
    'read-only',
    'stop and allow writes on every node over a store, while they run',
  );
  const load = () => import('./commands/read-only.ts');
  readOnly
    .subcommand('on', 'answer pushes and deletes with 503; pulls continue')
    .option('--reason <text>', 'shown to clients that push', 'maintenance')
    .overStore('write', load, (code, { objects, audit, options }) =>
      code.readOnlyOnCommand(objects, audit, options.reason),
    );
  readOnly
    .subcommand('off', 'allow writes again')
    .overStore('write', load, (code, { objects, audit }) => code.readOnlyOffCommand(objects, audit));
  readOnly
    .subcommand('status', 'show whether writes are allowed (exit code 2 if not)')
    .withJson()
    .overStore('only-read', load, (code, { objects, options }) =>
      code.readOnlyStatusCommand(objects, options.json),
    );
}

interface RetryOptions extends JsonOption {
  readonly retryDead?: string;
}

function addNotifications(program: CliCommand): void {
  program
    .subcommand(
      'notifications',
      "show every endpoint's queue and dead letters (exit code 2 if something is wrong)",
    )
    .withJson()
    .option('--retry-dead <endpoint>', "put an endpoint's dead letters back into its queue")
    .overStore(
      ({ retryDead }: RetryOptions) => (retryDead === undefined ? 'only-read' : 'write'),
      () => import('./commands/notifications.ts'),
      (code, { objects, settings: { notifications }, audit, options }: StoreWork<RetryOptions>) =>
        options.retryDead === undefined
          ? code.notificationsCommand(objects, notifications, options)
          : code.retryDeadCommand(objects, audit, notifications, options.retryDead, options),
    );
}
