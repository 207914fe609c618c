/** The kinds of faults in the chain, as the command prints them. */
export type FaultKind =
  | 'altered'
  | 'forged'
  | 'removed'
  | 'reordered'
  | 'stray'
  | 'truncated'
  | 'unreadable'
  | 'unsealed';

/** A fault of the chain, and the first record that it concerns. */
export interface Fault {
  readonly kind: FaultKind;
  readonly seq: number;
  /** A sentence without its full stop. */
  readonly message: string;
  /** The key of an object that is not a record. */
  readonly key?: string;
}

/** Makes a fault. */
export function fault(kind: FaultKind, seq: number, message: string): Fault {
  return { kind, seq, message };
}

/** `Record 5 is`, or `Records 5 to 9 are`. */
export function recordsAre(first: number, last: number): string {
  return first === last ? `Record ${first} is` : `Records ${first} to ${last} are`;
}
