import Mocha from 'mocha';

/** How a run of the tests ended. A failed hook counts as a failure. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The one line that tells a run's result to people and to scripts. */
export function formatSummary({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Mocha's own report, closed by the summary line. A parent listening on an IPC channel gets the summary as a message
 * instead, so that it can print the line after everything else that the tests may still write.
 */
export class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const summary: Summary = { passed: passes, failed: failures, skipped: pending };
      if (process.send) process.send(summary);
      else console.log(formatSummary(summary));
    });
  }
}

// Mocha takes a reporter from a module's default export only.
export { SummaryReporter as default };
