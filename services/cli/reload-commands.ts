import { Option } from 'commander';
import type { CliCommand } from './command.ts';

/** The command that has a running process take over its configuration file. */
export function addReloadCommand(program: CliCommand): void {
  program
    .subcommand(
      'reload',
      'have a running process take over its configuration file; shows what needs a restart (exit code 1 if nothing ' +
        'was reloaded because the file cannot be used)',
    )
    .withConfig()
    .addOption(
      new Option(
        '--part <name>',
        'the process, at its own address of http.debug.addrs; default: the one at http.debug.addr (serve, api)',
      ).choices(['api', 'token', 'release', 'sync']),
    )
    .withJson()
    .action(async (config: string, options) => {
      const { reloadCommand } = await import('./commands/reload.ts');
      await reloadCommand(config, process.env, options);
    });
}
