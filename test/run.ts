import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './support/debian.ts';
import { formatSummary, type Summary } from './support/reporter.ts';

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

if (process.env['NO_INSTALL'] !== '1') {
  const { missing } = await ensurePackages([
    ...DEBIAN_PACKAGES,
    ...(process.env['NIGHTLY'] === '1' ? NIGHTLY_PACKAGES : []),
  ]);
  if (missing.length > 0)
    console.log(`not installed: ${missing.join(' ')}; tests that need them are skipped`);
}

const args = process.argv.slice(2);
const namesFiles = args.some((argument) => /[./]/.test(argument) && existsSync(argument));
const mocha = spawn(
  process.execPath,
  [
    fromRoot('node_modules/mocha/bin/mocha.js'),
    '--reporter',
    fromRoot('test/support/reporter.ts'),
    ...(namesFiles ? onlyNamedFiles() : []),
    ...args,
  ],
  { cwd: fromRoot('.'), stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
// A Ctrl-C reaches mocha by itself, since it shares the terminal; the last line still has to be printed.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => mocha.kill('SIGTERM'));

/** So long after its result mocha may take to end; what a test left open must not keep the result from being told. */
const END_MS = 60_000;

let summary: Summary | undefined;
let wasCut = false;
mocha.on('message', (message) => {
  summary = message as Summary;
  setTimeout(() => {
    console.log(`a test left something open: mocha did not end within ${END_MS / 1000} s`);
    wasCut = mocha.kill('SIGKILL');
  }, END_MS).unref();
});
const [code] = (await once(mocha, 'close')) as [number | null];

// A run that died before its end (a test file that does not load) has failed, even if no test has.
const passedCleanly = (code === 0 || wasCut) && summary !== undefined && summary.failed === 0;
const { passed, failed, skipped } = summary ?? { passed: 0, failed: 0, skipped: 0 };
console.log(formatSummary({ passed, skipped, failed: passedCleanly ? 0 : Math.max(1, failed) }));
process.exitCode = passedCleanly ? 0 : 1;
