/** What a mirror refused: `this-blob` says nothing of others, `mirror` means that it takes no blob now. */
export type Refusal = 'this-blob' | 'mirror';

export interface WriteRefusedOptions extends ErrorOptions {
  readonly kind: Refusal;
  /** The HTTP status, if there was one. */
  readonly status?: number | undefined;
  /** The blob is too large for the mirror, or for the room that is left there. */
  readonly isBySize?: boolean | undefined;
  /** How long the mirror asked to wait. */
  readonly retryAfterMs?: number | undefined;
}

/** A mirror did not take a blob. The message says why, for people. */
export class WriteRefused extends Error {
  override name = 'WriteRefused';
  readonly kind: Refusal;
  readonly status: number | undefined;
  readonly isBySize: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { kind, status, isBySize, retryAfterMs, ...options }: WriteRefusedOptions) {
    super(message, options);
    this.kind = kind;
    this.status = status;
    this.isBySize = isBySize === true;
    this.retryAfterMs = retryAfterMs;
  }
}
