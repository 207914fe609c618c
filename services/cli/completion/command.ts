import { Argument } from 'commander';
import type { CliCommand } from '../command.ts';
import { print } from '../table.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Adds the command that prints completion scripts: made from the commands themselves, so they work offline. */
export function addCompletionCommand(program: CliCommand): void {
  program
    .subcommand(
      'completion',
      'print a completion script for a shell; for bash: source <(roadstead completion bash)',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionFor } = await import('./scripts.ts');
      print(...completionFor(shell, program).trimEnd().split('\n'));
    });
}
