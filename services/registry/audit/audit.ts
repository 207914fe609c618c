import type { AuditEvent } from './entry.ts';

/** Records changes of state. */
export interface Audit extends AsyncDisposable {
  /** False if nothing is recorded: then callers need not gather anything. */
  readonly isOn: boolean;
  /**
   * Records a change that is about to be made. Await it before any effect of the change is visible: no change without
   * its entry. The entry is durable when this returns. Throws UNRECORDED if it cannot be written: then the change must
   * not be made. If the change fails afterwards, the entry stays: the change was never acknowledged.
   */
  record(event: AuditEvent): Promise<void>;
}

/** A registry that records nothing. */
export const NO_AUDIT: Audit = {
  isOn: false,
  async record() {},
  async [Symbol.asyncDispose]() {},
};
