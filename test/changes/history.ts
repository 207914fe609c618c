/** Histories of operations, and whether one at a time, in an order that clients could have seen, explains them. */

/** What an operation does to one register: a tag, or whether a manifest is there. */
export interface Step<S> {
  readonly start: number;
  /** Infinite for one whose result nobody knows. */
  readonly end: number;
  /** True if it may have had no effect. */
  readonly isOptional?: boolean;
  /** The state after it; undefined if its result cannot be had in this state. */
  readonly next: (state: S) => { readonly state: S } | undefined;
}

/** Wing and Gong's search: some order of the steps in which each comes before those that began after its end. */
export function isLinearizable<S>(state: S, steps: readonly Step<S>[]): boolean {
  const certain = steps.filter(({ isOptional }) => !isOptional);
  if (certain.length === 0) return true;
  const firstEnd = Math.min(...certain.map(({ end }) => end));
  return steps.some((step) => {
    if (step.start > firstEnd) return false;
    const after = step.next(state);
    // Optional ones that ended before this one began come now or never.
    const left = steps.filter((each) => each !== step && !(each.isOptional && each.end < step.start));
    return after !== undefined && isLinearizable(after.state, left);
  });
}

/**
 * What an operation came to. `moved`: its condition did not hold. `superseded`: perhaps it was done, and undone by a later one. `unknown`: perhaps it is done,
 * perhaps it will be, perhaps only half of it.
 */
export type Outcome = 'done' | 'absent' | 'refused' | 'moved' | 'superseded' | 'unknown';

/** An operation of a client. */
export interface Op {
  readonly kind: 'put' | 'delete-tag' | 'delete-digest' | 'look';
  readonly tags?: readonly string[];
  /** What is put or deleted; what a look found. */
  readonly digest?: string | undefined;
  /** What the tags of a conditional put have to name. */
  readonly expected?: string | undefined;
  readonly start: number;
  /** Infinite while nobody knows what became of it. */
  readonly end: number;
  readonly outcome: Outcome;
}

/** The steps of a history at one tag, whose states are digests. */
export function stepsAtTag(ops: readonly Op[], tag: string): Step<string | undefined>[] {
  const isOfTag = ({ kind, tags }: Op) => kind === 'delete-digest' || tags?.includes(tag);
  return ops.flatMap((op): Step<string | undefined>[] => {
    const { kind, digest, outcome } = op;
    if (!isOfTag(op) || outcome === 'refused') return [];
    const when = timesOf(op);
    if (kind === 'put') return [{ ...when, next: putTo(op) }];
    if (kind === 'look') return outcome === 'done' ? [{ ...when, next: onlyIf(digest) }] : [];
    if (kind === 'delete-tag')
      return [
        {
          ...when,
          next: outcome === 'absent' ? onlyIf<string | undefined>(undefined) : () => become(undefined),
        },
      ];
    if (outcome === 'absent') return [];
    return [{ ...when, next: (state) => become(state === digest ? undefined : state) }];
  });
}

/** The steps of a history at one manifest, whose states are whether it is there. */
export function stepsAtDigest(ops: readonly Op[], wanted: string): Step<boolean>[] {
  return ops.flatMap((op): Step<boolean>[] => {
    const { kind, digest, outcome } = op;
    if (digest !== wanted || outcome === 'refused') return [];
    // A promotion that was superseded gave the repository its manifest.
    // So may have one whose tag had moved.
    const known = outcome === 'superseded' ? 'done' : outcome === 'moved' ? 'unknown' : outcome;
    const when = timesOf({ ...op, outcome: known });
    if (kind === 'put') return [{ ...when, next: () => become(true) }];
    if (kind !== 'delete-digest') return [];
    return [{ ...when, next: outcome === 'absent' ? onlyIf(false) : () => become(false) }];
  });
}

/** Leaves the state as it is, which must be this one. */
export function onlyIf<S>(wanted: S): Step<S>['next'] {
  return (state) => (state === wanted ? { state } : undefined);
}

/** A push whose condition may be met, and is met by a tag that names what is pushed. */
function putTo({ digest, expected, outcome }: Op): Step<string | undefined>['next'] {
  const isMet = (state: string | undefined) =>
    expected === undefined || state === expected || state === digest;
  if (outcome === 'moved') return (state) => (isMet(state) ? undefined : { state });
  return (state) => (isMet(state) ? { state: digest } : undefined);
}

function become<S>(state: S): { readonly state: S } {
  return { state };
}

function timesOf({ start, end, outcome }: Op) {
  return {
    start,
    end,
    isOptional: outcome === 'unknown' || outcome === 'superseded',
  };
}
