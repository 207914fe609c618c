import type { Command } from 'commander';
import { bashCompletion } from './bash.ts';
import { describeCommands } from './describe.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** The completion script of a program for a shell. */
export function completionFor(shell: keyof typeof SCRIPTS, program: Command): string {
  return SCRIPTS[shell](describeCommands(program));
}
