import type { Metrics } from '../http/metrics.ts';
import type { CacheUse } from '../registry/storage/cached.ts';

/** Caches whose size is in bytes. */
const IN_BYTES = new Set(['manifests', 'small-blobs']);

/** Reports what the node's memory answers, at each scrape; `caches` by name. Returns what ends that. */
export function reportCaches(metrics: Metrics, caches: () => Readonly<Record<string, CacheUse>>): () => void {
  const requests = metrics.counter(
    'roadstead_cache_requests_total',
    'Questions to the memory of a node, by cache and outcome: hit, miss (the store was asked).',
    'cache',
    'outcome',
  );
  const entries = metrics.gauge('roadstead_cache_entries', 'What a cache of the node holds.', 'cache');
  const bytes = metrics.gauge(
    'roadstead_cache_bytes',
    'Memory of the content in a cache of the node; only of those that are limited by it.',
    'cache',
  );
  return metrics.onScrape(() => {
    const all = Object.entries(caches());
    // The caches count by themselves, for a counter costs more than what they do.
    requests.reset();
    for (const [cache, use] of all) {
      requests.inc({ cache, outcome: 'hit' }, use.hits);
      requests.inc({ cache, outcome: 'miss' }, use.misses);
      entries.set({ cache }, use.entries);
      if (IN_BYTES.has(cache)) bytes.set({ cache }, use.size);
      // What Distribution caches: which repository has which blob, and its size.
      if (cache === 'links') metrics.distribution?.cached(use.hits + use.misses, use.hits);
    }
  });
}
