import { check } from './checker.ts';
import {
  ABSENT,
  type Action,
  ANY,
  earliestMs,
  isObservation,
  isUnknown,
  type Operation,
} from './operation.ts';

/** How much the search for each window may cost. */
const STEPS_MAX = 100_000;

/**
 * The shortest stretch of a history, up to the operation at which it is violated, that is wrong whatever came before:
 * what a person needs to see. Sorted by start.
 */
export function windowOf(operations: readonly Operation[], at: Operation): Operation[] {
  const upTo = operations
    .filter(({ startMs }) => startMs <= at.endMs)
    .sort((one, other) => one.startMs - other.startMs);
  const initial = new Set([ABSENT, ...upTo.flatMap(({ action }) => valuesOf(action))]);
  const ends = upTo.map(({ endMs }) => endMs).filter((endMs) => endMs <= at.endMs);
  const cuts = [...new Set(ends)].sort((one, other) => one - other);
  const isWrongFrom = (cutMs: number) =>
    check(endingFrom(upTo, cutMs), { initial, stepsMax: STEPS_MAX }).kind === 'violation';
  // The latest cut that leaves it wrong; with the whole of the history if even that depends on how it began.
  let [least, most] = [-1, cuts.length - 1];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (isWrongFrom(cuts[middle] as number)) least = middle;
    else most = middle - 1;
  }
  if (least < 0) return upTo;
  const cutMs = cuts[least] as number;
  const kept = endingFrom(upTo, cutMs);
  // A lost change of long before matters only if its value is seen.
  const seen = new Set(kept.filter((each) => !isUnknown(each)).flatMap(({ action }) => valuesOf(action)));
  return kept.filter(
    (each) =>
      !isUnknown(each) || each.startMs >= cutMs || valuesOf(each.action).some((value) => seen.has(value)),
  );
}

/**
 * What ends from a moment on, sorted by start; with the changes that overlap it, and those that overlap these: all others
 * took effect before any of it.
 */
function endingFrom(operations: readonly Operation[], cutMs: number): Operation[] {
  const isKept = ({ endMs }: Operation) => endMs >= cutMs;
  let firstMs = Math.min(...operations.filter((each) => isKept(each) && !isUnknown(each)).map(earliestMs));
  const changes = operations.filter((each) => !isKept(each) && !isObservation(each.action));
  for (const change of changes.sort((one, other) => other.endMs - one.endMs)) {
    if (change.endMs < firstMs) break;
    firstMs = Math.min(firstMs, change.startMs);
  }
  return operations.filter((each) => isKept(each) || (!isObservation(each.action) && each.endMs >= firstMs));
}

function valuesOf(action: Action): string[] {
  switch (action.kind) {
    case 'cas':
    case 'refused':
      return [action.expected, action.value].filter((value) => value !== ANY);
    case 'delete':
      return action.only === undefined ? [] : [action.only];
    default:
      return [action.value].filter((value) => value !== ANY);
  }
}
