import { type Command, Option } from 'commander';
import { manifestRulesOf, promotionPolicyOf, sealerOf } from '../config/rules.ts';
import { stableTest } from '../registry/oci/repository-classes.ts';
import { PARTS } from '../serve/parts.ts';
import { DEFAULT_CONFIG, durationIn } from './arguments.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addGcCommands } from './gc-commands.ts';
import { addKeysCommands } from './keys-commands.ts';
import { withStore } from './with-store.ts';

/** Commands that work on the store of a configuration, whether a registry runs over it or not. */
export function addStoreCommands(program: Command): void {
  program
    .command('config')
    .description('look at configuration files')
    .command('check')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .addOption(
      new Option('--part <name...>', 'look only at the files that these processes read')
        .choices(PARTS)
        .default(PARTS, 'all'),
    )
    .option('--json', 'answer in JSON', false)
    .description('tell what each setting will do, without starting anything')
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
    .option('--json', 'a line of JSON for each finding, and one for the summary', false)
    .description('read the whole store and tell what is broken; exits with 2 when anything is')
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
    .option('-d, --dry-run', 'show what would be deleted, and delete nothing', false)
    .option('-m, --delete-untagged', 'delete manifests that no tag leads to, as well', false)
    .option('-q, --quiet', 'no line for each thing that goes', false)
    .option(
      '--grace <duration>',
      'keep what is younger: it may belong to a push under way; without a unit, minutes (default: 1h)',
      durationIn('minutes'),
    )
    .option('--json', 'answer in JSON', false)
    .description('delete what nothing refers to any more; writes are off meanwhile')
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
    .option('--reason <text>', 'what those who push are told', 'maintenance')
    .description('answer pushes and deletes with 503; pulls go on')
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
    .description('tell whether writes are allowed; exits with 2 when not')
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
    .description("show every endpoint's queue and dead letters; exits with 2 when something is wrong")
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
