import type { AuditChange } from '../audit/entry.ts';
import type { ChangeEvent } from './event.ts';

/**
 * The request on whose behalf something changes. It adds to audit records and notifications who makes the change, from
 * where, and by which rule.
 */
export interface Requester {
  /**
   * Records a change that is about to be made. To be awaited before any of it can be seen; throws UNRECORDED when the
   * record cannot be written, and then the change must not be made.
   */
  record(change: AuditChange): Promise<void>;
  /**
   * Keeps events of changes for the configured endpoints. To be awaited before the answer: the events are durable when
   * it returns. Throws when the store fails; the request has to fail then too, so that the client repeats it.
   */
  notify(events: readonly ChangeEvent[]): Promise<void>;
}
