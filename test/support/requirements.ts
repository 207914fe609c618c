import { findProgram } from './programs.ts';

/** Defines a mocha suite, as `describe` does. */
export type DefineSuite = (title: string, body: (this: Mocha.Suite) => void) => Mocha.Suite;

/**
 * `describe` for suites that need programs of the machine: `requires(['skopeo', 'nginx'])('a pull', () => { … })`.
 * Where one is missing the suite names it, and its tests count as skipped; in CI, where a skipped test would pass
 * for a passed one, the suite fails.
 *
 * It wraps the suite instead of being a `before` hook that skips, because mocha would still run the `after` hooks
 * and the hooks of inner suites, which would then fail for want of what was never started.
 */
export function requires(programs: readonly string[]): DefineSuite {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return describe;

  const reason = `needs ${missing.join(', ')}, not found on this machine`;
  return (title, body) =>
    describe(title, () => {
      if (process.env['CI'] === 'true') {
        it('has the programs it needs', () => {
          throw new Error(`${title} ${reason}`);
        });
      }
      describe.skip(reason, body);
    });
}
