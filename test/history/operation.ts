/** What a register has when it has nothing: there is no such tag, no such manifest. */
export const ABSENT = '';
/** In what is expected or seen: anything but {@link ABSENT}. */
export const ANY = '*';

/** What clients do to a register, or see of it. */
export type Action =
  | { readonly kind: 'write'; readonly value: string }
  /** With `only`, it deletes that value, and leaves any other. */
  | { readonly kind: 'delete'; readonly only?: string }
  /** A write that was done because the register had what the client expected, or that value: a client may repeat itself. */
  | { readonly kind: 'cas'; readonly expected: string; readonly value: string }
  /** A write that was not done because it had something else. */
  | { readonly kind: 'refused'; readonly expected: string; readonly value: string }
  | { readonly kind: 'read'; readonly value: string };

/** An action with its times on the clock of the recording process. What certainly was not done is in no history. */
export interface Operation {
  readonly client: string;
  readonly action: Action;
  readonly startMs: number;
  /** Infinity if nobody knows its outcome: it may take effect at any time from its start on, or never. */
  readonly endMs: number;
  /** How old what it shows may be: it counts as if it had begun this much earlier. */
  readonly staleMs?: number;
}

/** The register after an action; undefined if the action is impossible in this state. */
export function apply(action: Action, state: string): string | undefined {
  switch (action.kind) {
    case 'write':
      return action.value;
    case 'delete':
      return action.only === undefined || action.only === state ? ABSENT : state;
    case 'cas':
      return isAllowed(action, state) ? action.value : undefined;
    case 'refused':
      return isAllowed(action, state) ? undefined : state;
    case 'read':
      return matches(state, action.value) ? state : undefined;
  }
}

function isAllowed({ expected, value }: { expected: string; value: string }, state: string): boolean {
  return matches(state, expected) || state === value;
}

function matches(state: string, expected: string): boolean {
  return expected === ANY ? state !== ABSENT : state === expected;
}

/** Whether an action changes nothing, in any state. */
export function isObservation({ kind }: Action): boolean {
  return kind === 'read' || kind === 'refused';
}

/** Whether what a change does depends on the state. */
export function isConditional(action: Action): boolean {
  return action.kind === 'cas' || (action.kind === 'delete' && action.only !== undefined);
}

/** The moment from which on an operation may take effect. */
export function earliestMs({ startMs, staleMs = 0 }: Operation): number {
  return startMs - staleMs;
}

/** Whether an operation may or may not have taken effect. */
export function isUnknown({ endMs }: Operation): boolean {
  return endMs === Number.POSITIVE_INFINITY;
}
