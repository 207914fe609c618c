import { CrawlJudgement } from './crawl-judgement.ts';
import type { MirrorSession } from './mirror-session.ts';
import { Probes } from './probes.ts';

/** How often a mirror is probed, and its lease renewed. Clients are sent to a dead mirror for this long plus a node's refresh. */
const PROBE_MS = 2000;

/** Watches a mirror's health until the session is over: probes, writes what it finds into the ledger, asks for crawls. */
export async function watchHealth(session: MirrorSession): Promise<void> {
  const { parts, signal, lease } = session;
  const { previousSeenAt: seenAt, previousHeartbeatAt: heartbeatAt } = lease;
  const crawls = new CrawlJudgement({ seenAt, heartbeatAt });
  const probes = new Probes(session);
  while (!signal.aborted) {
    const lookedAt = session.now();
    const sight = await probes.look();
    const wish = crawls.wishAfter(sight);
    if (wish) session.requestCrawl(wish === 'before-use');
    const heldBack = session.isHeldBack ? 'it is being crawled before it is used again' : undefined;
    const reason = sight.result.kind === 'good' ? heldBack : sight.result.reason;
    const state = reason === undefined ? 'up' : 'down';
    const before = session.ledger.health;
    const isNews = before.state !== state || before.reason !== reason;
    const health = isNews
      ? ({ state, since: new Date().toISOString(), ...(reason !== undefined && { reason }) } as const)
      : before;
    session.lookedAt = lookedAt;
    await session.update(() => ({ health }));
    if (before.state !== state)
      parts.logger.info({ mirror: parts.mirror.name, state, reason }, "the mirror's health changed");
    await session.watching.wait(PROBE_MS, signal);
  }
}
