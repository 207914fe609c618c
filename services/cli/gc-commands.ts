import type { Command } from 'commander';
import { DEFAULT_CONFIG, durationIn } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands of the garbage collection that runs during pushes. */
export function addGcCommands(program: Command): void {
  const gc = program.command('gc').description('garbage collection during pushes');
  const load = () => import('./commands/gc.ts');
  gc.command('status')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print JSON', false)
    .description("show the collector's status; exit code 2 if the last run failed")
    .action(async (config: string, options) => {
      const { gcStatusCommand } = await load();
      await withStore(config, 'only-read', (objects) => gcStatusCommand(objects, options));
    });
  gc.command('run')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print JSON', false)
    .option('--timeout <duration>', 'how long to wait for its end (default: 1h)', durationIn('seconds'))
    .description('ask the worker for a cycle now, and wait for its end')
    .action(async (config: string, { json, timeout }: { json: boolean; timeout?: number }) => {
      const { gcRunCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) =>
        gcRunCommand(objects, audit, { json, timeoutMs: timeout ?? 3_600_000 }),
      );
    });
  gc.command('dry-run')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'print JSON', false)
    .description('show what a cycle would do; changes nothing')
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
