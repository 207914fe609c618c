import { EXIT_CONFIG } from '../registry/runtime/exit-codes.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';

/** A configuration that cannot be used; the message names each key, its value, and what was expected. */
export class ConfigError extends OperatorError {
  /** The problems, a line each. */
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(`${source} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`, {
      exitCode: EXIT_CONFIG,
    });
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
