/** An error that the release service answered, or the lack of an answer; the message is for the person at the terminal. */
export class ReleaseError extends Error {
  readonly code: string;
  readonly detail: unknown;

  constructor(code: string, message: string, detail?: unknown) {
    super(message);
    this.name = 'ReleaseError';
    this.code = code;
    this.detail = detail;
  }
}
