import { PARTS, type Part } from '../serve/parts.ts';
import { versionLine } from '../serve/version.ts';
import { addAccessCommands } from './access-commands.ts';
import { refuseNoConfig } from './arguments.ts';
import { CliCommand } from './command.ts';
import { addCompletionCommand } from './completion/command.ts';
import { addCredentialCommands } from './credential-commands.ts';
import { addHealthcheck } from './health-command.ts';
import { addReloadCommand } from './reload-commands.ts';
import { addRemoteCommands } from './remote-commands.ts';
import { addRobotCommands } from './robot-commands.ts';
import { addStoreCommands } from './store-commands.ts';
import { print } from './table.ts';

/** Runs parts of the registry in this process, until a signal ends it. */
export type RunParts = (config: string, parts: readonly Part[]) => Promise<void>;

/** The command `roadstead`, with all that is below it; nothing runs before it parses arguments. */
export function roadsteadCommand(run: RunParts): CliCommand {
  const program = new CliCommand('roadstead')
    .description('A container registry for distributing images at the scale of a Linux distribution')
    .option('-V, --version', 'show the version and the commit it was made from')
    .showHelpAfterError('(see --help)');

  // Not Commander's own version option: asking git for the commit would delay every command.
  program.on('option:version', () => {
    print(versionLine());
    process.exit(0);
  });

  for (const [name, parts, description] of [
    ['serve', PARTS, 'run everything in one process'],
    ['api', ['api'], 'run an API node: the registry that clients talk to'],
    ['token', ['token'], 'run the token service: issues short-lived tokens that say who may do what'],
    ['release', ['release'], 'run the release service: promotions, publications, mirrors, status'],
    ['sync', ['sync'], 'run the sync worker: publishes to mirrors and watches them, delivers notifications'],
  ] as const)
    program
      .subcommand(name, description)
      .withConfig()
      .action((config: string) => run(config, parts));
  addHealthcheck(program);
  addRemoteCommands(program);
  addStoreCommands(program);
  addRobotCommands(program);
  addCredentialCommands(program);
  addAccessCommands(program);
  addCompletionCommand(program);
  addReloadCommand(program);

  program.hook('preAction', (_, command) => refuseNoConfig(command));
  return program;
}
