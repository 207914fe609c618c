/** A fault that is known and not mended yet. */
export interface KnownFault {
  readonly title: string;
  /** Only when the keys of one call are deleted in this order; in any unless given. */
  readonly order?: 'reversed';
  readonly fault: RegExp;
}

/**
 * Faults that the matrix has found and that are still there. A line that is not needed any more fails the matrix: delete it
 * with what mends it.
 */
export const KNOWN: readonly KnownFault[] = [];
