import { ABSENT, apply, earliestMs, isUnknown, type Operation } from './operation.ts';

/** The dull twin of the checker: tries every order of every choice of what has happened. For a few operations only. */
export function dullyLinearizable(operations: readonly Operation[]): boolean {
  return choices(operations).some((chosen) =>
    orders(chosen).some((order) => isInTime(order) && isPossible(order)),
  );
}

/** Everything whose outcome is known, with each subset of the rest. */
function choices(operations: readonly Operation[]): Operation[][] {
  return operations.reduce<Operation[][]>(
    (sets, operation) => [...sets.map((set) => [...set, operation]), ...(isUnknown(operation) ? sets : [])],
    [[]],
  );
}

function orders(operations: readonly Operation[]): Operation[][] {
  if (operations.length === 0) return [[]];
  return operations.flatMap((first) =>
    orders(operations.filter((other) => other !== first)).map((rest) => [first, ...rest]),
  );
}

/** Nothing comes after what started when it had ended. */
function isInTime(order: readonly Operation[]): boolean {
  return order.every((one, i) => order.slice(i + 1).every((later) => later.endMs >= earliestMs(one)));
}

function isPossible(order: readonly Operation[]): boolean {
  let state: string | undefined = ABSENT;
  for (const { action } of order) {
    state = apply(action, state);
    if (state === undefined) return false;
  }
  return true;
}
