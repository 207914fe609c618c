import { syncMetrics } from '../metrics.ts';
import { Attention } from './attention.ts';
import { CrawlJudgement } from './crawl-judgement.ts';
import { foundLost } from './found-lost.ts';
import { HealthJudge } from './health-judge.ts';
import type { MirrorSession } from './mirror-session.ts';
import { Probes, type Sight } from './probes.ts';

/** How often a mirror is probed. Clients are sent to a dead mirror for this long plus a node's refresh. */
const PROBE_MS = 2000;

/** Watches a mirror's health until the session is over: probes it, keeps the ledger's health, and asks for crawls. */
export async function watchHealth(session: MirrorSession): Promise<void> {
  const { signal } = session;
  const { looks } = syncMetrics(session.parts.metrics);
  const judge = new HealthJudge(() => session.now());
  const crawls = new CrawlJudgement(session.predecessor, () => session.now());
  const probes = new Probes(session);
  const attention = new Attention(() => session.now());
  // After the first look, which is at once, hundreds of mirrors are not all looked at in the same moment.
  let pauseMs = Math.random() * PROBE_MS;
  while (!signal.aborted) {
    const lookedAt = session.now();
    const sight = await probes.look();
    looks.inc({ mirror: session.name, outcome: sight.isBlind ? 'blind' : kindOf(sight) });
    const wish = crawls.wishAfter({ kind: kindOf(sight), lacksNewest: sight.lacksNewest });
    if (wish) session.requestCrawl(wish === 'before-use');
    await foundLost(session, sight.lost, 'ask');
    if (!sight.isBlind) session.looked(lookedAt);
    writeHealth(session, judge, sight);
    raiseAttention(session, attention, judge);
    await session.watching.wait(pauseMs, signal);
    pauseMs = PROBE_MS;
  }
}

function kindOf({ lost, failing }: Sight): 'good' | 'lost' | 'failing' {
  if (lost.length > 0) return 'lost';
  return failing === undefined ? 'good' : 'failing';
}

function writeHealth(session: MirrorSession, judge: HealthJudge, { failing, answers }: Sight): void {
  const reported = session.failures.splice(0);
  const isUp = judge.look([...answers, ...reported.map(() => false)]);
  const reason = reported[0] ?? failing ?? reasonOf(session, isUp);
  const state = reason === undefined ? 'up' : 'down';
  const { health } = session.ledger;
  if (health.state === state && health.reason === reason) return;
  const since = health.state === state ? health.since : new Date().toISOString();
  session.update({ health: { state, since, ...(reason !== undefined && { reason }) } });
  if (health.state === state) return;
  const { logger } = session.parts;
  logger.info({ mirror: session.name, state, reason }, "the mirror's health changed");
  if (state === 'up') for (const waiting of Object.values(session.recovered)) waiting.notify();
  session.publishing.notify();
  session.healing.notify();
}

/** Why a mirror that answers is not used; undefined if it is. */
function reasonOf({ distrust }: MirrorSession, isUp: boolean): string | undefined {
  if (distrust !== undefined) return `what it serves cannot be believed: ${distrust}`;
  return isUp ? undefined : 'it failed a moment ago, and is used again after a good while';
}

function raiseAttention(session: MirrorSession, attention: Attention, { isDamped }: HealthJudge): void {
  const { ledger, parts, name } = session;
  const { state, reason } = ledger.health;
  const lag = Math.max(0, parts.log.head - ledger.watermark);
  for (const news of attention.look({ isUp: state === 'up', reason, isDamped, lag }))
    parts.notify({ mirror: name, ...news });
}
