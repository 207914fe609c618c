import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../registry/runtime/message-of.ts';
import { catchUp } from './catch-up.ts';
import { crawlWhenDue } from './crawl.ts';
import { examineNowAndThen } from './examine.ts';
import { healMissing } from './heal.ts';
import type { MirrorSession } from './mirror-session.ts';
import { sample } from './sample.ts';
import { scrub } from './scrub.ts';
import { sweepLeftovers } from './sweep.ts';
import { watchHealth } from './watch.ts';

/** Pause after a failure, doubled up to the limit. */
const RETRY_MS = { first: 500, most: 10_000 } as const;
const DUTIES = [
  watchHealth,
  catchUp,
  healMissing,
  crawlWhenDue,
  sample,
  scrub,
  sweepLeftovers,
  examineNowAndThen,
];

/** Carries out all duties of a mirror until the session is over. */
export async function runSession(session: MirrorSession): Promise<void> {
  await Promise.all(DUTIES.map((duty) => retrying(session, duty)));
}

/** Repeats a duty after it failed, with growing pauses, and notes why it failed. */
async function retrying(
  session: MirrorSession,
  duty: (session: MirrorSession) => Promise<void>,
): Promise<void> {
  const { signal, parts } = session;
  let pauseMs: number = RETRY_MS.first;
  while (!signal.aborted) {
    const startedAt = session.now();
    try {
      await duty(session);
    } catch (error) {
      if (signal.aborted) return;
      // After it ran for a while, its next failure is a new one.
      if (session.now() - startedAt > RETRY_MS.most) pauseMs = RETRY_MS.first;
      parts.logger.warn(
        { err: error, mirror: session.name },
        `cannot work on the mirror (${duty.name}); trying again`,
      );
      session.trouble(duty.name, messageOf(error));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      session.trouble(duty.name, undefined);
      pauseMs = Math.min(pauseMs * 2, RETRY_MS.most);
    }
  }
}
