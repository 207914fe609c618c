import { MirrorGauges } from '../../http/mirror-gauges.ts';
import type { MirrorName } from '../../registry/oci/names.ts';
import { syncMetrics } from '../metrics.ts';
import type { BoardWorker } from './board-worker.ts';
import type { MirrorParts, MirrorSession, SharedParts } from './mirror-session.ts';

/** A scrape waits no longer for the store. */
const READ_MS = 1000;

/**
 * Reports at each scrape the mirrors that this process looks after, as its workers see them. Of the others it knows nothing
 * for certain. Returns what ends that.
 */
export function reportSync(
  boards: readonly BoardWorker[],
  mirrors: readonly MirrorParts[],
  { metrics, log }: Pick<SharedParts, 'metrics' | 'log'>,
): () => void {
  const gauges = new MirrorGauges(metrics);
  const { boards: counted, lagSeconds } = syncMetrics(metrics);
  const shown = new Set<MirrorName>();

  async function show({ name, ledger }: MirrorSession): Promise<void> {
    const { watermark, confirmed = watermark, missing, health } = ledger;
    gauges.set(name, {
      ...{ watermark: Math.min(watermark, confirmed), isUp: health.state === 'up', missing: missing.length },
    });
    shown.add(name);
    const behindMs = await behindForMs(watermark + 1);
    if (behindMs === undefined) lagSeconds.remove({ mirror: name });
    else lagSeconds.set({ mirror: name }, behindMs / 1000);
  }

  function forget(name: MirrorName): void {
    shown.delete(name);
    gauges.forget(name);
    lagSeconds.remove({ mirror: name });
  }

  /** How long ago this publication was made, 0 if it was not made yet; undefined if the store does not answer. */
  async function behindForMs(seq: number): Promise<number | undefined> {
    if (seq > log.head) return 0;
    const publishedAt = await log.timeOf(seq, AbortSignal.timeout(READ_MS)).catch(() => undefined);
    return publishedAt && Math.max(0, Date.now() - publishedAt);
  }

  const unread = metrics.onScrape(async () => {
    const owned = boards.filter(({ isOwner }) => isOwner).length;
    counted.set({ state: 'owned' }, owned);
    counted.set({ state: 'waiting' }, boards.length - owned);
    // Before, everything would be 0.
    if (log.knownHead === undefined) return;
    gauges.head(log.knownHead);
    await Promise.all(
      mirrors.map(async ({ mirror: { name } }) => {
        const session = boards.map((board) => board.session(name)).find(Boolean);
        if (session) return show(session);
        if (shown.has(name)) forget(name);
      }),
    );
  });
  return () => {
    unread();
    for (const name of shown) forget(name);
  };
}
