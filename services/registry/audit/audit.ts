import type { AuditEvent } from './entry.ts';

/** Where changes of state are recorded. */
export interface Audit extends AsyncDisposable {
  /** False where nothing is recorded: then nothing needs to be gathered. */
  readonly isOn: boolean;
  /**
   * Records a change that is about to be made. To be awaited before anything of it can be seen: no change without its
   * entry. The entry is durable when this returns. Throws UNRECORDED when it cannot be written, and then the change
   * must not be made. An entry whose change then failed stands all the same: nobody was told that it was made.
   */
  record(event: AuditEvent): Promise<void>;
}

/** A registry that records nothing. */
export const NO_AUDIT: Audit = {
  isOn: false,
  async record() {},
  async [Symbol.asyncDispose]() {},
};
