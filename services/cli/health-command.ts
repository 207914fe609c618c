import { Option } from 'commander';
import { PARTS, type Part } from '../serve/parts.ts';
import { durationIn } from './arguments.ts';
import type { CliCommand } from './command.ts';

const TIMEOUT_MS = 5000;

/** `roadstead healthcheck`: for service managers and containers that judge a process by a command. */
export function addHealthcheck(program: CliCommand): void {
  program
    .subcommand('healthcheck', 'ask the process on this machine whether it is ready (exit code 1 if not)')
    .withConfig()
    .option(
      '--timeout <duration>',
      'how long to wait for its answer (default: 5s)',
      durationIn('seconds'),
      TIMEOUT_MS,
    )
    .addOption(new Option('--part <name>', 'the process that runs alone, such as token').choices(PARTS))
    .action(async (config: string, { part, timeout }: { readonly part?: Part; readonly timeout: number }) => {
      const { healthcheckCommand } = await import('./commands/healthcheck.ts');
      await healthcheckCommand(config, process.env, { part, timeoutMs: timeout });
    });
}
