import { dirname, relative } from 'node:path';
import Mocha from 'mocha';

/** How a run of the tests ended. A failed hook counts as a failure. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a run of mocha tells its parent. */
export interface Report extends Summary {
  /** What failed, each as a line: the file, the whole title, and the message's first line. */
  readonly failures: readonly string[];
  /** How long each folder of tests took, hooks included. */
  readonly secondsOf: Readonly<Record<string, number>>;
}

/** The one line that tells a run's result to people and to scripts. */
export function formatSummary({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Where the time of a run went: the slowest folder first. */
export function formatTimes(secondsOf: Report['secondsOf']): string {
  const times = Object.entries(secondsOf).toSorted(([, a], [, b]) => b - a);
  const total = times.reduce((sum, [, seconds]) => sum + seconds, 0);
  const each = times.map(([folder, seconds]) => `${folder} ${seconds.toFixed()}`);
  return `${total.toFixed()} s: ${each.join(', ')}`;
}

/**
 * Mocha's own report, closed by the summary line. A parent listening on an IPC channel gets the report as a message
 * instead, so that it can print the line after everything else that the tests may still write.
 */
export class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed: string[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      const [message] = String(error?.message ?? error).split('\n');
      failed.push(`${fileOf(test)}: ${test.fullTitle()}: ${message}`);
    });
    const secondsOf: Record<string, number> = {};
    let begunAt = 0;
    const isOfFile = (suite: Mocha.Suite) => suite.parent?.root === true;
    runner.on(Mocha.Runner.constants.EVENT_SUITE_BEGIN, (suite) => {
      if (isOfFile(suite)) begunAt = performance.now();
    });
    runner.on(Mocha.Runner.constants.EVENT_SUITE_END, (suite) => {
      if (!isOfFile(suite)) return;
      const folder = dirname(fileOf(suite));
      secondsOf[folder] = (secondsOf[folder] ?? 0) + (performance.now() - begunAt) / 1000;
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const summary: Summary = { passed: passes, failed: failures, skipped: pending };
      const report: Report = { ...summary, failures: failed, secondsOf };
      if (process.send) process.send(report);
      else console.log(formatSummary(summary));
    });
  }
}

/** The file that declares a test, a hook or a suite, from the root of the project. Hooks know it by their suite only. */
function fileOf({ file, parent }: Mocha.Runnable | Mocha.Suite): string {
  return relative(process.cwd(), file ?? parent?.file ?? '');
}

// Mocha takes a reporter from a module's default export only.
export { SummaryReporter as default };
