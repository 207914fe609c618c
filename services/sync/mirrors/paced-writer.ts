import type { MirrorTarget, WantedBlob } from '../targets/target.ts';
import { WriteRefused } from '../targets/write-refused.ts';
import type { Pace } from './pace.ts';

/** What a write of a blob costs, of a mirror's limit: it is sent, and moved to its place. */
const REQUESTS = 2;
const LIMITS = [429, 503];

/** Writes within the same limits as the reads: many servers count requests by address, whatever they are for. */
export function pacedWriter(target: Pick<MirrorTarget, 'write'>, pace: Pace): Pick<MirrorTarget, 'write'> {
  return {
    async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal) {
      for (let i = 0; i < REQUESTS; i++) await pace.turn(signal);
      try {
        await target.write(blob, body, signal);
      } catch (error) {
        throw error instanceof WriteRefused ? withPause(error, pace) : error;
      }
    },
  };
}

/** Slows down after a limit. One that was met by a burst of ours is over sooner than an outage. */
function withPause(refused: WriteRefused, pace: Pace): WriteRefused {
  const { message, kind, status, isBySize, retryAfterMs, cause } = refused;
  if (!LIMITS.includes(status ?? 0) || (retryAfterMs === undefined && !pace.isBurst)) return refused;
  const options = { kind, status, isBySize, retryAfterMs: pace.limited(retryAfterMs), cause };
  return new WriteRefused(message, options);
}
