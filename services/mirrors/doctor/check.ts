import type { Context, Example } from './context.ts';
import { type Outcome, skipped } from './finding.ts';

/** One part of a mirror's contract. */
export interface Check {
  readonly name: string;
  /** Checks, earlier in the list, without which this one cannot be tried. */
  readonly needs: readonly string[];
  /** A {@link Trouble} that it throws is a fault. */
  run(context: Context): Outcome | Promise<Outcome>;
}

/** A check that needs a blob which the mirror holds. */
export function checkHeld(
  name: string,
  needs: readonly string[],
  run: (context: Context, example: Example) => Outcome | Promise<Outcome>,
): Check {
  const without = skipped('no example blob: name one with --registry, or with --blob and --size');
  return { name, needs, run: (context) => (context.example ? run(context, context.example) : without) };
}
