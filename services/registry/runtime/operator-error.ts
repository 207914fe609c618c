/**
 * A problem that the operator can fix: a setting, a file, a port, a permission. The message names the setting, its value,
 * and what to do, in one sentence, and is shown without a stack. Our own faults are other errors.
 */
export class OperatorError extends Error {
  override name = 'OperatorError';
  /** With which a service ends; commands end with 1. */
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
