import type { Command } from 'commander';
import { DEFAULT_CONFIG, durationIn } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands of the garbage collection that goes on while the registry runs. */
export function addGcCommands(program: Command): void {
  const gc = program.command('gc').description('garbage collection while pushes go on');
  const load = () => import('./commands/gc.ts');
  gc.command('status')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('how it fares; exits with 2 when the last try failed')
    .action(async (config: string, options) => {
      const { gcStatusCommand } = await load();
      await withStore(config, 'only-read', (objects) => gcStatusCommand(objects, options));
    });
  gc.command('run')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .option('--timeout <duration>', 'how long to wait for its end (default: 1h)', durationIn('seconds'))
    .description('have the worker do a cycle now')
    .action(async (config: string, { json, timeout }: { json: boolean; timeout?: number }) => {
      const { gcRunCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) =>
        gcRunCommand(objects, audit, { json, timeoutMs: timeout ?? 3_600_000 }),
      );
    });
  gc.command('dry-run')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('what a cycle would do; changes nothing')
    .action(async (config: string, options) => {
      const { gcDryRunCommand } = await load();
      await withStore(
        config,
        'only-read',
        (objects, { garbagecollection: { grace, quarantine, deleteuntagged } }) =>
          gcDryRunCommand(
            objects,
            { graceMs: grace, quarantineMs: quarantine, deleteUntagged: deleteuntagged },
            options,
          ),
      );
    });
  gc.command('restore')
    .argument('<digest>', 'a blob that is in quarantine')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('take a blob out of quarantine')
    .action(async (digest: string, config: string) => {
      const { gcRestoreCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) => gcRestoreCommand(objects, audit, digest));
    });
}
