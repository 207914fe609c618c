import { setTimeout as sleep } from 'node:timers/promises';
import type { Descriptor } from '../support/image.ts';
import { type Location, pullStrictly } from './asker.ts';

/** Between two blobs; a watch must not be what the machine is busy with. */
const PAUSE_MS = 10;
/** Of what is wrong; one is too many. */
const SHOWN_MAX = 5;

/** What a watch saw of one blob. */
export interface Sighting {
  readonly atMs: number;
  readonly digest: string;
  readonly location: Location;
}

/** Clients that ask a node for every blob, all the time, and follow every redirect. */
export interface RedirectWatch extends AsyncDisposable {
  /** Every answer so far. */
  readonly sightings: readonly Sighting[];
  /** What was wrong with targets of redirects, the first few. */
  readonly failures: readonly string[];
  /** Redirects since a time of `performance.now()`. */
  redirectsSince(atMs: number): readonly Sighting[];
  /** Stops asking for these blobs, or begins to ask for more. */
  blobs: readonly Descriptor[];
}

/** Begins to ask the node at `url`. What a node answers itself counts as right: only redirects are judged. */
export function watchRedirects(url: string, repository: string, blobs: readonly Descriptor[]): RedirectWatch {
  const sightings: Sighting[] = [];
  const failures: string[] = [];
  const known = new Set<string>();
  const over = new AbortController();
  const startedMs = performance.now();
  const watch = { sightings, failures, blobs };
  const watching = (async () => {
    while (!over.signal.aborted) {
      // Also if there is nothing to ask for.
      await sleep(PAUSE_MS);
      for (const blob of watch.blobs) {
        if (over.signal.aborted) break;
        const atMs = performance.now();
        try {
          const location = await pullStrictly(url, repository, blob);
          sightings.push({ atMs, digest: blob.digest, location });
          known.add(blob.digest);
        } catch (error) {
          // Its promotion has not linked it yet.
          if (!known.has(blob.digest) && /was answered with 404$/.test((error as Error).message)) continue;
          if (failures.length < SHOWN_MAX)
            failures.push(`after ${Math.round(atMs - startedMs)} ms: ${(error as Error).message}`);
        }
        await sleep(PAUSE_MS);
      }
    }
  })();
  return Object.assign(watch, {
    redirectsSince: (since: number) =>
      sightings.filter(({ atMs, location }) => atMs >= since && location !== undefined),
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
    },
  });
}
