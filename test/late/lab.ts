import { hurry } from '../crash/hurry.ts';
import type { Lab } from '../crash/run.ts';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { tempDir } from '../support/temp.ts';

/** Deep enough to show who made a write. */
const STACK_FRAMES = 40;

/** What all runs of a matrix share, until it is disposed of. */
export interface LateLab extends AsyncDisposable {
  readonly lab: Lab;
}

/** Makes short sleeps short, and stacks deep. */
export async function openLab(): Promise<LateLab> {
  await using held = new AsyncDisposableStack();
  const { stackTraceLimit } = Error;
  held.defer(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  Error.stackTraceLimit = STACK_FRAMES;
  held.use(hurry());
  const home = held.use(await tempDir('late'));
  const web = held.use(await startStaticMirror(home.path));
  const all = held.move();
  return {
    lab: { home: home.path, web, recording: { isRemote: true }, hasStoryTime: true },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
