import { ABSENT, type Action, ANY, isObservation, isUnknown, type Operation } from './operation.ts';

/** Lines that a person reads. */
const LINES_MAX = 50;

/** Operations as lines, in the order of their starts; `at` is marked. */
export function timeline(operations: readonly Operation[], at: Operation): string {
  const lines = runsOf(operations, at).map(
    ([first, ...others]) =>
      `${first === at ? '>' : ' '} ${line(first)}${others.length > 0 ? ` (and ${others.length} more)` : ''}`,
  );
  const left = lines.length - LINES_MAX;
  if (left <= 0) return lines.join('\n');
  const head = LINES_MAX / 5;
  return [...lines.slice(0, head), `  … ${left} more`, ...lines.slice(head + left)].join('\n');
}

/** Observations of the same, with no change in between; `at` stays alone. */
function runsOf(operations: readonly Operation[], at: Operation): [Operation, ...Operation[]][] {
  const runs: [Operation, ...Operation[]][] = [];
  let byText = new Map<string, [Operation, ...Operation[]]>();
  for (const operation of operations) {
    const text = actionText(operation.action);
    const run = byText.get(text);
    if (!isObservation(operation.action) || operation === at) byText = new Map();
    else if (run) {
      run.push(operation);
      continue;
    }
    const started: [Operation, ...Operation[]] = [operation];
    if (isObservation(operation.action)) byText.set(text, started);
    runs.push(started);
  }
  return runs;
}

function line(operation: Operation): string {
  const { client, action, startMs, endMs } = operation;
  const end = isUnknown(operation) ? 'no answer' : seconds(endMs);
  return `${seconds(startMs)} – ${end}  ${client}: ${actionText(action)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

function actionText(action: Action): string {
  switch (action.kind) {
    case 'write':
      return `writes ${action.value}`;
    case 'delete':
      return action.only === undefined ? 'deletes' : `deletes ${action.only}`;
    case 'cas':
      return `writes ${action.value} over ${valueText(action.expected)}`;
    case 'refused':
      return `is refused ${action.value}, as it is not ${valueText(action.expected)}`;
    case 'read':
      return `reads ${valueText(action.value)}`;
  }
}

function valueText(value: string): string {
  if (value === ABSENT) return 'nothing';
  return value === ANY ? 'something' : value;
}
