import { durationRow, type Entry, honoured, row, switchRow } from './entry.ts';

/** How much anyone may ask for: our section `limits`. */
export const LIMITS: readonly Entry[] = [
  row('limits.connections', 'ours', honoured('how many connections a port takes at a time'), {
    standard: '10000',
  }),
  row(
    'limits.connectionsperclient',
    'ours',
    honoured(
      'how many of them one client may have, or one /64 network of IPv6; left out: half. Proxies and trusted networks are not counted',
    ),
  ),
  row(
    'limits.minimumrate',
    'ours',
    honoured(
      'bytes a second that a client has to send of a body, or to take of an answer, beyond a minute; 0: as slow as it likes',
    ),
    { standard: '1024' },
  ),
  row(
    'limits.requestspersecond.client',
    'ours',
    honoured(
      'requests that a node takes of one client, or one /64 network of IPv6; five seconds’ worth at once; then 429. Left out: as many as come',
    ),
  ),
  row('limits.requestspersecond.account', 'ours', honoured('the same for one account')),
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
