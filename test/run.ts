import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './support/debian.ts';
import { type NamedTests, namedTests } from './support/named-tests.ts';
import { formatSummary, formatTimes, type Report, type Summary } from './support/reporter.ts';

/**
 * The program behind `npm test`: gets the real clients and servers that the tests talk to, runs mocha with the
 * arguments given here, and ends with one line that tells the result. `NO_INSTALL=1` leaves the machine as it is;
 * `NIGHTLY=1` runs what takes minutes, too.
 */

const DEBIAN_PACKAGES = [
  'skopeo',
  'podman',
  'docker.io',
  'containerd',
  'docker-registry',
  'nginx-light',
  'wrk',
  'busybox-static',
  'openssl',
  'redis-server',
  'exfat-fuse',
  'exfatprogs',
  'ceph-mon',
  'ceph-osd',
  'ceph-common',
  'radosgw',
  'keystone',
  'uwsgi-core',
  'uwsgi-plugin-python3',
];

/** What only a nightly run talks to. */
const NIGHTLY_PACKAGES = [
  'swift-proxy',
  'swift-account',
  'swift-container',
  'swift-object',
  'memcached',
  'python3-keystonemiddleware',
];

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Mocha adds files named on the command line to those of package.json; whoever names some wants only them. */
function onlyNamedFiles(): string[] {
  const { mocha: settings } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')) as {
    mocha: Record<string, unknown>;
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => {
    if (name === 'spec') return [];
    if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
    return [`--${name}`, String(value)];
  });
  return ['--no-package', ...flags];
}

const args = askedFor();

function askedFor(): NamedTests {
  try {
    return namedTests(process.argv.slice(2), fromRoot('.'));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

if (process.env['NO_INSTALL'] !== '1') {
  const { missing } = await ensurePackages([
    ...DEBIAN_PACKAGES,
    ...(process.env['NIGHTLY'] === '1' ? NIGHTLY_PACKAGES : []),
  ]);
  if (missing.length > 0)
    console.log(`not installed: ${missing.join(' ')}; tests that need them are skipped`);
}

/** So long after its result mocha may take to end; what a test left open must not keep the result from being told. */
const END_MS = 60_000;
/** Lower than the rest, so that what is timed there is not late for it. */
const BESIDE_PRIORITY = 10;
const NOTHING_RUN: Report = { passed: 0, failed: 0, skipped: 0, failures: [], secondsOf: {} };

/**
 * A second run beside the first: simulations that only need the processor, and suites that no load on the machine makes
 * fail. It gives way to the first, in which times are measured.
 */
const BESIDE = [
  'access',
  'attacks',
  'audit',
  'check',
  'compat',
  'conformance',
  'crash',
  'garbage',
  'unit',
  'uploads',
].map((suite) => `test/${suite}/**/*.test.ts`);
const runs = args.files.length
  ? [startMocha([...onlyNamedFiles(), ...args.flags, ...args.files])]
  : [
      startMocha([...BESIDE.flatMap((files) => ['--ignore', files]), ...args.flags]),
      startMocha([...onlyNamedFiles(), ...BESIDE.flatMap((files) => ['--spec', files]), ...args.flags], {
        isBeside: true,
      }),
    ];
// A Ctrl-C reaches mocha by itself, since it shares the terminal; the last line still has to be printed.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  for (const { mocha } of runs) mocha.kill('SIGTERM');
});

const results = await Promise.all(runs.map(({ result }) => result));
const sum = (key: 'passed' | 'failed' | 'skipped') =>
  results.reduce((total, result) => total + result[key], 0);
const summary: Summary = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
for (const { secondsOf } of results) console.log(formatTimes(secondsOf));
// Listed here, since the report of the run beside the first is far above.
for (const failure of results.flatMap(({ failures }) => failures)) console.log(`failed: ${failure}`);
console.log(formatSummary(summary));
process.exitCode = summary.failed === 0 ? 0 : 1;

/** Runs mocha; its result counts a failure if it does not come to an end in order, even if no test has failed. */
function startMocha(flags: readonly string[], { isBeside = false } = {}) {
  const mocha = spawn(
    process.execPath,
    [
      fromRoot('node_modules/mocha/bin/mocha.js'),
      '--reporter',
      fromRoot('test/support/reporter.ts'),
      ...flags,
    ],
    { cwd: fromRoot('.'), stdio: ['inherit', isBeside ? 'pipe' : 'inherit', 'inherit', 'ipc'] },
  );
  if (isBeside && mocha.pid !== undefined) setPriority(mocha.pid, BESIDE_PRIORITY);
  return { mocha, result: resultOf(mocha, isBeside) };
}

async function resultOf(mocha: ChildProcess, isBeside: boolean): Promise<Report> {
  let report: Report | undefined;
  let wasCut = false;
  mocha.on('message', (message) => {
    report = message as Report;
    setTimeout(() => {
      console.log(`a test left something open: mocha did not end within ${END_MS / 1000} s`);
      wasCut = mocha.kill('SIGKILL');
    }, END_MS).unref();
  });
  // Two reports at once could not be read: this one is printed whole when it is over.
  const told: Buffer[] = [];
  mocha.stdout?.on('data', (chunk: Buffer) => told.push(chunk));
  const [code] = (await once(mocha, 'close')) as [number | null];
  if (isBeside) process.stdout.write(Buffer.concat(told));
  // A run that died before its end (a test file that does not load) has failed, even if no test has.
  const { failed, ...rest } = report ?? NOTHING_RUN;
  if ((code === 0 || wasCut) && report !== undefined && failed === 0) return report;
  const failures =
    failed === 0 ? [`mocha ended with ${code ?? 'a signal'}, though no test had failed`] : rest.failures;
  return { ...rest, failed: Math.max(1, failed), failures };
}
