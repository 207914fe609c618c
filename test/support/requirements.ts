import { findProgram } from './programs.ts';

/** Defines a mocha suite, as `describe` does. */
export type DefineSuite = (title: string, body: (this: Mocha.Suite) => void) => unknown;

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

/**
 * Ends a test that is running as skipped, with the reason in its title, so that the report shows it beside the count.
 * Only for what nobody here can mend, in CI no more than elsewhere: a program that its publisher does not hand out.
 */
export function skipFor(context: Mocha.Context, reason: string): never {
  if (context.test) context.test.title += `: skipped, ${reason}`;
  return context.skip();
}

/**
 * A suite that costs minutes, for what changes seldom: run with `NIGHTLY=1 npm test`, and counted as skipped, with that
 * reason, in any other run.
 */
export function nightly(define: DefineSuite): DefineSuite {
  if (process.env['NIGHTLY'] === '1') return define;
  return (title, body) => describe.skip(`${title}: runs with NIGHTLY=1`, body);
}
