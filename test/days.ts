import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './support/debian.ts';

/**
 * The program behind `npm run test:days`: runs the named tests (or those below) on days on which clocks surprise, by
 * libfaketime. Programs written in Go do not heed it, so tests that compare our clock with theirs belong on a machine
 * whose own clock is set: run `npm test` there.
 */

const DAY_MS = 86_400_000;
const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const HERE = [
  'unit',
  'access',
  'audit',
  'check',
  'config',
  'crash',
  'garbage',
  'notifications',
  'redis',
  'release',
];

interface Day {
  readonly title: string;
  readonly offsetMs: number;
  readonly timeZone?: string;
}

const now = Date.now();
const year = new Date(now).getUTCFullYear();
/** Five minutes before an instant, so that the tests live through it. */
const until = (instantMs: number) => instantMs - 300_000 - now;
const lastSunday = (month: number) => {
  const last = new Date(Date.UTC(year + 1, month + 1, 0, 1));
  return last.getTime() - last.getUTCDay() * DAY_MS;
};
const leapYear = Math.ceil((year + 1) / 4) * 4;

const DAYS: readonly Day[] = [
  { title: '400 days ahead', offsetMs: 400 * DAY_MS },
  { title: 'ten years ahead', offsetMs: 3653 * DAY_MS },
  { title: 'into 29 February', offsetMs: until(Date.UTC(leapYear, 1, 29)) },
  { title: 'out of 29 February', offsetMs: until(Date.UTC(leapYear, 2, 1)) },
  { title: 'clocks go forward', offsetMs: until(lastSunday(2)), timeZone: 'Europe/Berlin' },
  { title: 'clocks go back', offsetMs: until(lastSunday(9)), timeZone: 'Europe/Berlin' },
  { title: 'the first time zone', offsetMs: 0, timeZone: 'Pacific/Kiritimati' },
];

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function runOn({ offsetMs, timeZone = 'UTC' }: Day, files: readonly string[]): Promise<boolean> {
  const env = {
    ...process.env,
    TZ: timeZone,
    LD_PRELOAD: LIBRARY,
    FAKETIME: `${offsetMs < 0 ? '' : '+'}${Math.round(offsetMs / 1000)}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
    CLOCK_OFFSET_MS: String(Math.round(offsetMs / 1000) * 1000),
    NODE_OPTIONS: `--import=${fromHere('support/file-times.ts')}`,
  };
  const tests = spawn(process.execPath, [fromHere('run.ts'), ...files], { env, stdio: 'inherit' });
  const [code] = (await once(tests, 'exit')) as [number | null];
  return code === 0;
}

await ensurePackages(['faketime']);
if (!existsSync(LIBRARY)) throw new Error(`there is no ${LIBRARY}: install libfaketime`);
const named = process.argv.slice(2);
const files = named.length > 0 ? named : HERE.map((suite) => `test/${suite}/*.test.ts`);
const failed: string[] = [];
for (const day of DAYS) {
  console.log(
    `\n== ${day.title}: ${new Date(Date.now() + day.offsetMs).toISOString()} ${day.timeZone ?? ''}`,
  );
  if (!(await runOn(day, files))) failed.push(day.title);
}
console.log(failed.length === 0 ? 'every day passed' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
