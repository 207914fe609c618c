import { relative } from 'node:path';
import Mocha from 'mocha';

/** How a run of the tests ended. A failed hook counts as a failure. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, each as a line: the file, the whole title, and the message's first line. */
  readonly failures: readonly string[];
}

/** The result of a run: what failed, a line each, and the counts as the last line, for people and for scripts. */
export function formatSummary({ passed, failed, skipped, failures }: Summary): string {
  return [...failures, `${passed} passed, ${failed} failed, ${skipped} skipped`].join('\n');
}

/**
 * Mocha's own report, closed by the summary line. A parent listening on an IPC channel gets the summary as a message
 * instead, so that it can print the line after everything else that the tests may still write.
 */
export class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed: string[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      const [message] = String(error?.message ?? error).split('\n');
      failed.push(`failed: ${fileOf(test)}: ${test.fullTitle()}: ${message}`);
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const summary: Summary = { passed: passes, failed: failures, skipped: pending, failures: failed };
      if (process.send) process.send(summary);
      else console.log(formatSummary(summary));
    });
  }
}

/** The file that declares a test or a hook, from the root of the project. Hooks know it by their suite only. */
function fileOf({ file, parent }: Mocha.Runnable): string {
  return relative(process.cwd(), file ?? parent?.file ?? '');
}

// Mocha takes a reporter from a module's default export only.
export { SummaryReporter as default };
