import { type Command, InvalidArgumentError } from 'commander';
import { millisecondsOf } from '../config/duration.ts';
import { DEFAULT_CONFIG } from './arguments.ts';
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
      await withStore(config, (objects, settings) => keysListCommand(objects, settings, options));
    });
  keys
    .command('rotate')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--after <duration>', 'when it begins to sign, so that all know it by then', duration, 60_000)
    .option(
      '--revoke',
      'delete all others at once: no token that was made until now is taken any more',
      false,
    )
    .description('make a new key')
    .action(async (config: string, options: { after: number; revoke: boolean }) => {
      const { keysRotateCommand } = await load();
      await withStore(config, (objects, settings, audit) =>
        keysRotateCommand(objects, settings, audit, { afterMs: options.after, revoke: options.revoke }),
      );
    });
}

function duration(text: string): number {
  const ms = millisecondsOf(text);
  if (ms === undefined) throw new InvalidArgumentError('expected a duration such as 30s, 5m or 24h');
  return ms;
}
