import { hostname } from 'node:os';
import type { Metrics } from '../http/metrics.ts';

/** Whether Redis answers this process: for its metrics, and for `roadstead status`. */
export function redisState(metrics: Metrics, isUsed: boolean) {
  let problem: string | undefined;
  const declared = isUsed ? declare(metrics) : undefined;
  return {
    hooks: {
      up(mode: string, isUp: boolean, reason = '') {
        problem = isUp ? undefined : problemOf(reason);
        declared?.up.set({ mode }, isUp ? 1 : 0);
      },
      failed: (use: string) => declared?.errors.inc({ use }),
    },
    /** A line when Redis does not answer; nothing otherwise. */
    problems: (): readonly string[] => (problem === undefined ? [] : [problem]),
  };
}

function problemOf(reason: string): string {
  const why = reason === '' ? '' : ` (${reason})`;
  return `Redis does not answer ${hostname()}${why}: changes reach other nodes late, and failed logins are counted by each alone`;
}

function declare(metrics: Metrics) {
  return {
    up: metrics.gauge(
      'roadstead_redis_up',
      '1 when messages over Redis arrive, 0 when not, by mode: single, sentinel, cluster.',
      'mode',
    ),
    errors: metrics.counter(
      'roadstead_redis_errors_total',
      'Failures of Redis, by use: connection, changes (messages not sent), message (malformed ones), locks, attempts (failed logins, which each process then counts by itself).',
      'use',
    ),
  };
}
