import { durationOrZero } from './arguments.ts';
import type { CliCommand } from './command.ts';

/** Commands of the keys with which our token service signs. */
export function addKeysCommands(program: CliCommand): void {
  const keys = program.subcommand('keys', 'the keys that tokens are signed with');
  const load = () => import('./commands/keys.ts');
  keys
    .subcommand('list', 'show every key: which one signs, which is next, and which only verify older tokens')
    .withJson()
    .overStore('only-read', load, (code, { objects, settings, options }) =>
      code.keysListCommand(objects, settings, options),
    );
  keys
    .subcommand('rotate', 'make a new key')
    .option(
      '--after <duration>',
      'when the key begins to sign, so that every node knows it by then (default: 1m)',
      durationOrZero,
    )
    .option('--revoke', 'delete all other keys at once: every token made before is refused', false)
    .overStore('write', load, (code, { objects, settings, audit, options: { after = 60_000, revoke } }) =>
      code.keysRotateCommand(objects, settings, audit, { afterMs: after, revoke }),
    );
}
