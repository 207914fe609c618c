import { type Command, Option } from 'commander';
import { manifestRulesOf, promotionPolicyOf, sealerOf } from '../config/rules.ts';
import { stableTest } from '../registry/oci/repository-classes.ts';
import { PARTS } from '../serve/parts.ts';
import { DEFAULT_CONFIG, durationIn } from './arguments.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addGcCommands } from './gc-commands.ts';
import { addKeysCommands } from './keys-commands.ts';
import { withStore } from './with-store.ts';

/** Commands that work on the store that a configuration names, whether or not a registry runs over it. */
export function addStoreCommands(program: Command): void {
  program
    .command('config')
    .description('look at configuration files')
    .command('check')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .addOption(
      new Option('--part <name...>', 'check only the files that these processes read')
        .choices(PARTS)
        .default(PARTS, 'all'),
    )
    .option('--json', 'answer in JSON', false)
    .description('show what each setting does, without starting anything')
    .action(async (config: string, options) => {
      const { configCheckCommand } = await import('./commands/config-check.ts');
      await configCheckCommand(config, process.env, options);
    });
  addCheck(program);
  addGarbageCollect(program);
  addGcCommands(program);
  addKeysCommands(program);
  addReadOnly(program);
  addNotifications(program);
  addAuditCommands(program);
}

function addCheck(program: Command): void {
  program
    .command('check')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--deep', 'read every blob to its end', false)
    .option('--repository <name...>', 'only these repositories')
    .option('--json', 'print one line of JSON for each finding, and one for the summary', false)
    .description('read the whole store and report what is broken (exit code 2 if anything is)')
    .action(async (config: string, options) => {
      const { checkCommand } = await import('./commands/check.ts');
      await withStore(config, 'only-read', (objects, settings) =>
        checkCommand(objects, manifestRulesOf(settings), {
          ...{ ...options, sealer: sealerOf(settings) },
          isStable: stableTest(promotionPolicyOf(settings)),
        }),
      );
    });
}

function addGarbageCollect(program: Command): void {
  program
    .command('garbage-collect')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('-d, --dry-run', 'show what would be deleted; delete nothing', false)
    .option('-m, --delete-untagged', 'also delete manifests that no tag leads to', false)
    .option('-q, --quiet', 'do not print a line for each deleted object', false)
    .option(
      '--grace <duration>',
      'keep younger content: it may belong to a push in progress; without a unit, minutes (default: 1h)',
      durationIn('minutes'),
    )
    .option('--json', 'answer in JSON', false)
    .description('delete what nothing refers to any more; writes are off while it runs')
    .action(async (config: string, options) => {
      const { garbageCollectCommand } = await import('./commands/garbage-collect.ts');
      const graceMs = options.grace ?? 3_600_000;
      await withStore(config, options.dryRun ? 'only-read' : 'write', (objects, _, audit) =>
        garbageCollectCommand(objects, audit, { ...options, graceMs }),
      );
    });
}

function addReadOnly(program: Command): void {
  const readOnly = program
    .command('read-only')
    .description('stop and allow writes on every node over a store, while they run');
  readOnly
    .command('on')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--reason <text>', 'shown to clients that push', 'maintenance')
    .description('answer pushes and deletes with 503; pulls continue')
    .action(async (config: string, { reason }: { reason: string }) => {
      const { readOnlyOnCommand } = await import('./commands/read-only.ts');
      await withStore(config, 'write', (objects, _, audit) => readOnlyOnCommand(objects, audit, reason));
    });
  readOnly
    .command('off')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('allow writes again')
    .action(async (config: string) => {
      const { readOnlyOffCommand } = await import('./commands/read-only.ts');
      await withStore(config, 'write', (objects, _, audit) => readOnlyOffCommand(objects, audit));
    });
  readOnly
    .command('status')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show whether writes are allowed (exit code 2 if not)')
    .action(async (config: string, { json }: { json: boolean }) => {
      const { readOnlyStatusCommand } = await import('./commands/read-only.ts');
      await withStore(config, 'only-read', (objects) => readOnlyStatusCommand(objects, json));
    });
}

function addNotifications(program: Command): void {
  program
    .command('notifications')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .option('--retry-dead <endpoint>', "put an endpoint's dead letters back into its queue")
    .description("show every endpoint's queue and dead letters (exit code 2 if something is wrong)")
    .action(async (config: string, options: { json: boolean; retryDead?: string }) => {
      const { notificationsCommand, retryDeadCommand } = await import('./commands/notifications.ts');
      const mode = options.retryDead === undefined ? 'only-read' : 'write';
      await withStore(config, mode, (objects, { notifications }, audit) =>
        options.retryDead === undefined
          ? notificationsCommand(objects, notifications, options)
          : retryDeadCommand(objects, audit, notifications, options.retryDead, options),
      );
    });
}
