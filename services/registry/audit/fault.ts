/** What can be wrong with the chain, in words for the command that tells it. */
export type FaultKind =
  | 'altered'
  | 'forged'
  | 'removed'
  | 'reordered'
  | 'stray'
  | 'truncated'
  | 'unreadable'
  | 'unsealed';

/** Something that is wrong with the chain, and the first record that it concerns. */
export interface Fault {
  readonly kind: FaultKind;
  readonly seq: number;
  /** A sentence without its full stop. */
  readonly message: string;
  /** Of what is no record at all. */
  readonly key?: string;
}

/** A fault; `first` to `last` where it concerns several records. */
export function fault(kind: FaultKind, seq: number, message: string): Fault {
  return { kind, seq, message };
}

/** `Record 5 is`, or `Records 5 to 9 are`. */
export function recordsAre(first: number, last: number): string {
  return first === last ? `Record ${first} is` : `Records ${first} to ${last} are`;
}
