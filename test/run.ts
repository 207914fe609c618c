import { appendFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { LaneRuns } from './runner/lanes.ts';
import { MochaRun } from './runner/mocha.ts';
import { type NamedTests, namedTests } from './runner/named-tests.ts';
import { planned, suitesOf } from './runner/plan.ts';
import { Progress } from './runner/progress.ts';
import { NIGHTLY_PACKAGES, type PlannedSuite, SUITES, type Suite, type Tier } from './runner/suites.ts';
import { doneOf, formatSummary, type Tally } from './runner/tally.ts';
import { ensurePackages } from './support/debian.ts';

/**
 * The program behind `npm test` and, with `--rest`, `npm run test:all`: installs the clients and servers that the tests
 * use, runs the suites of its tier (see runner/suites.ts) and ends with one line that gives the result. Test files or
 * flags of mocha run in one process instead. `NO_INSTALL=1` leaves the machine as it is; `NIGHTLY=1` adds what takes
 * minutes. `TEST_RESULTS` names a file to which the result is appended, for a caller that adds several runs up.
 */

const PART: Readonly<Record<Tier, string>> = { short: 'npm test', rest: 'npm run test:all' };
/** A second Ctrl-C this soon is the first one, passed on by npm. */
const SAME_SIGNAL_MS = 1000;

const [tier, ...given]: [Tier, ...string[]] =
  process.argv[2] === '--rest' ? ['rest', ...process.argv.slice(3)] : ['short', ...process.argv.slice(2)];
const args = askedFor(given);
const suites = suitesOf(tier);
if (given.length > 0) await runNamed(args);
else await runSuites(suites);

function askedFor(words: readonly string[]): NamedTests {
  try {
    return namedTests(words, fileURLToPath(new URL('..', import.meta.url)));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

/** Runs some files, or all of the tier with some flags, in one process whose report is printed as it comes. */
async function runNamed({ files, flags }: NamedTests): Promise<void> {
  const paths = files.length > 0 ? files : suites.flatMap(({ paths }) => paths);
  await install(planned(SUITES, paths).filter((suite) => suite.paths.length > 0));
  const run = new MochaRun({ files: paths, flags });
  const isInterrupted = onInterrupt(run);
  await run.ended;
  end({ tally: run.tally, failures: run.failures, total: totalOf(run), isInterrupted: isInterrupted() });
}

/** Runs each suite of the tier in a process of its own, lane beside lane, and shows how far it is. */
async function runSuites(suites: readonly PlannedSuite[]): Promise<void> {
  const progress = new Progress(suites);
  progress.note = 'installing packages';
  const runs = new LaneRuns(suites, progress);
  const counting = new MochaRun({
    files: suites.flatMap(({ paths }) => paths),
    flags: ['--dry-run'],
    isCaptured: true,
  });
  const isInterrupted = onInterrupt({
    interrupt: () => {
      counting.kill();
      runs.interrupt();
    },
    kill: () => runs.kill(),
  });
  const counted = counting.ended.then(() => {
    progress.declared = counting.testsOf ?? {};
  });
  const installed = install(suites).finally(() => {
    progress.note = '';
  });
  await Promise.all([counted, runs.run(installed)]);
  progress.stop();
  for (const line of progress.times) console.log(line);
  const { tally, failures, total, unfinished } = progress;
  end({ tally, failures, total, isInterrupted: isInterrupted(), unfinished });
}

function totalOf(run: MochaRun): number {
  return Object.values(run.testsOf ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Installs what these suites need; only those of the rest have anything that runs with `NIGHTLY=1`. */
async function install(suites: readonly Suite[]): Promise<void> {
  if (process.env['NO_INSTALL'] === '1') return;
  const isNightly = process.env['NIGHTLY'] === '1' && suites.some(({ tier }) => tier === 'rest');
  const { missing } = await ensurePackages([
    ...new Set(suites.flatMap(({ packages = [] }) => packages)),
    ...(isNightly ? NIGHTLY_PACKAGES : []),
  ]);
  if (missing.length > 0)
    console.log(`not installed: ${missing.join(' ')}; tests that need them are skipped`);
}

/** The first signal lets the tests that run clean up, the second one ends them. */
function onInterrupt(runs: Pick<MochaRun, 'interrupt' | 'kill'>): () => boolean {
  let interruptedMs: number | undefined;
  const interrupt = () => {
    if (interruptedMs === undefined) {
      interruptedMs = performance.now();
      console.log('\ninterrupted: the tests that run are ended; once more to kill them');
      runs.interrupt();
    } else if (performance.now() - interruptedMs > SAME_SIGNAL_MS) runs.kill();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => interruptedMs !== undefined;
}

interface Result {
  readonly tally: Tally;
  readonly failures: readonly string[];
  /** How many tests there are. */
  readonly total: number;
  readonly isInterrupted: boolean;
  /** The suites that did not run to their end. */
  readonly unfinished?: readonly string[];
}

/** Prints the failures once more, since the reports are far above, and the result as the last line. */
function end({ tally, failures, total, isInterrupted, unfinished = [] }: Result): void {
  for (const failure of failures) console.log(`failed: ${failure}`);
  const summary = formatSummary(tally);
  const results = process.env['TEST_RESULTS'];
  if (results !== undefined) appendFileSync(results, `${summary}\n`);
  if (isInterrupted) {
    if (unfinished.length > 0) console.log(`not run, or not to the end: ${unfinished.join(' ')}`);
    console.log(`interrupted: ${summary}, ${total - doneOf(tally)} not run`);
    process.exit(128 + constants.signals.SIGINT);
  }
  // A caller that adds results up prints the plain line itself.
  console.log(results === undefined ? summary : `${PART[tier]}: ${summary}`);
  process.exitCode = tally.failed === 0 ? 0 : 1;
}
