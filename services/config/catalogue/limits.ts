import { durationRow, type Entry, honoured, row, switchRow } from './entry.ts';

/** How much anyone may ask for: our section `limits`. */
export const LIMITS: readonly Entry[] = [
  switchRow('limits.logins.enabled', 'ours', {
    on: 'failed logins make the next ones wait: 429 with `Retry-After`, before any password is looked at',
    off: 'nobody who fails to log in has to wait',
    standard: 'true',
  }),
  row(
    'limits.logins.attempts',
    'ours',
    honoured(
      'failures that cost nothing, of one account at one client; 10 times as many of a client, 20 times of an account',
    ),
    { standard: '5' },
  ),
  durationRow(
    'limits.logins.maxwait',
    'ours',
    honoured('the longest wait; the first one is 1 s, and each failure doubles it'),
    '5m',
  ),
  row(
    'limits.trustednetworks',
    'ours',
    honoured('networks whose clients are not counted: neither their failed logins nor their requests'),
  ),
];
