import type { Command } from 'commander';
import { DEFAULT_CONFIG, durationOrZero } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands for the keys by which our token service signs. */
export function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('the keys by which tokens are signed');
  const load = () => import('./commands/keys.ts');
  keys
    .command('list')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show every key: which one signs, which is the next, which only check what they have signed')
    .action(async (config: string, options: { json: boolean }) => {
      const { keysListCommand } = await load();
      await withStore(config, 'only-read', (objects, settings) =>
        keysListCommand(objects, settings, options),
      );
    });
  keys
    .command('rotate')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option(
      '--after <duration>',
      'when it begins to sign, so that all know it by then (default: 1m)',
      durationOrZero,
    )
    .option(
      '--revoke',
      'delete all others at once: no token that was made until now is taken any more',
      false,
    )
    .description('make a new key')
    .action(async (config: string, options: { after?: number; revoke: boolean }) => {
      const { keysRotateCommand } = await load();
      await withStore(config, 'write', (objects, settings, audit) =>
        keysRotateCommand(objects, settings, audit, {
          afterMs: options.after ?? 60_000,
          revoke: options.revoke,
        }),
      );
    });
}
