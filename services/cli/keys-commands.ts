import type { Command } from 'commander';
import { DEFAULT_CONFIG, durationOrZero } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Commands of the keys with which our token service signs. */
export function addKeysCommands(program: Command): void {
  const keys = program.command('keys').description('the keys that tokens are signed with');
  const load = () => import('./commands/keys.ts');
  keys
    .command('list')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show every key: which one signs, which is next, and which only verify older tokens')
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
      'when the key begins to sign, so that every node knows it by then (default: 1m)',
      durationOrZero,
    )
    .option('--revoke', 'delete all other keys at once: every token made before is refused', false)
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
