import { relative } from 'node:path';
import Mocha from 'mocha';
import { formatSummary } from './tally.ts';

/** What a mocha process reports to the process that started it. */
export type Message =
  /** The test files are loaded: how many tests each file declares. */
  | { readonly kind: 'loaded'; readonly testsOf: Readonly<Record<string, number>> }
  /** One test is over. A failed hook counts as a failed test. */
  | { readonly kind: 'passed' | 'skipped' }
  | { readonly kind: 'failed'; readonly failure: string }
  /** All tests are over; mocha may still have to wait for what they left open. */
  | { readonly kind: 'ended' };

/**
 * Mocha's own report. A parent that listens on an IPC channel gets each result as a message, so that it can show the
 * progress of several processes and print one summary; without a parent the summary is the report's last line.
 */
export class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { EVENT_RUN_BEGIN, EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
      Mocha.Runner.constants;
    const send = (message: Message) => process.send?.(message);
    // The parent may be killed, and its Ctrl-C does not reach this process: the tests end with it in any case.
    process.once('disconnect', () => process.exit(1));
    // A listener keeps the channel open, and an open channel keeps the process alive.
    process.channel?.unref();
    process.once('SIGINT', () => runner.abort());
    runner.once(EVENT_RUN_BEGIN, () => send({ kind: 'loaded', testsOf: testsOf(runner.suite) }));
    runner.on(EVENT_TEST_PASS, () => send({ kind: 'passed' }));
    runner.on(EVENT_TEST_PENDING, () => send({ kind: 'skipped' }));
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      const [message] = String(error?.message ?? error).split('\n');
      send({ kind: 'failed', failure: `${fileOf(test)}: ${test.fullTitle()}: ${message}` });
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      if (process.send) send({ kind: 'ended' });
      else console.log(formatSummary({ passed: passes, failed: failures, skipped: pending }));
    });
  }
}

function testsOf(suite: Mocha.Suite): Record<string, number> {
  const counts: Record<string, number> = {};
  suite.eachTest((test) => {
    const file = fileOf(test);
    counts[file] = (counts[file] ?? 0) + 1;
  });
  return counts;
}

/** The file that declares a test or a hook, from the root of the project. Hooks know it by their suite only. */
function fileOf({ file, parent }: Mocha.Runnable): string {
  return relative(process.cwd(), file ?? parent?.file ?? '');
}

// Mocha takes a reporter from a module's default export only.
export { SummaryReporter as default };
