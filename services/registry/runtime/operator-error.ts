/**
 * Something is wrong that the operator can mend: a setting, a file, a port, a right. The message says which
 * setting, what it holds, and what to do, in one sentence, and is shown without a stack. Faults of our own are other errors.
 */
export class OperatorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OperatorError';
  }
}
