import { setTimeout as sleep } from 'node:timers/promises';
import type { PublicRead } from '../../mirrors/public-answer.ts';
import { hexOf } from '../../registry/oci/digest.ts';
import type { MirrorTarget, WantedBlob } from '../targets/target.ts';
import { WriteRefused } from '../targets/write-refused.ts';
import type { Lines } from './lines.ts';
import type { SizeRefusals } from './size-refusals.ts';
import type { Spool } from './spool.ts';

/** How a blob gets onto one mirror. */
export interface TransferParts {
  readonly mirror: string;
  /** How clients see it; asked within the mirror's limits. */
  readonly publicSide: {
    ask(blob: WantedBlob, signal: AbortSignal): Promise<PublicRead>;
    read(blob: WantedBlob, signal: AbortSignal): Promise<PublicRead>;
  };
  /** Whether each blob is read whole over `url`, or each tenth, and of the others the size. */
  readonly verify: 'full' | 'sampled';
  readonly target: Pick<MirrorTarget, 'write'>;
  readonly spool: Spool;
  readonly lines: Lines;
  readonly refusals: SizeRefusals;
  /** Called for each blob that was written and is served. */
  readonly onWritten?: ((blob: WantedBlob) => void) | undefined;
  /** Time between two reads of what was written. @default 2500 */
  readonly lagMs?: number | undefined;
}

/** What came of it. Reasons are for people. */
export type PublishResult =
  | 'held'
  /** The store does not have the blob. */
  | { readonly kind: 'lost-in-store' }
  /** The mirror does not take this blob, or does not serve it; it may take others. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      /** It is too large for the mirror, or for the room that is left there. */
      readonly isBySize?: boolean;
    }
  /** The mirror takes or serves nothing now. */
  | { readonly kind: 'paused'; readonly reason: string; readonly retryAfterMs: number };

/** Pause of a mirror that does not say how long, and of one that says "at once". */
const PAUSED_MS = { usual: 10_000, least: 500 } as const;
/** A cache in front of a mirror may not have noticed yet. */
const READS = 3;
const LAG_MS = 2500;
/** Of how many blobs one is read whole, if a mirror is verified by samples. */
const SAMPLE = 10;

/**
 * Makes sure that clients get a blob from a mirror: one that its URL serves stays, another is written, and then read over the
 * URL, whose word alone counts. Throws when the signal aborts, and what the store throws.
 */
export async function publishBlob(
  parts: TransferParts,
  blob: WantedBlob,
  signal: AbortSignal,
): Promise<PublishResult> {
  const before = await lookBefore(parts, blob, signal);
  if (before.kind === 'good') return 'held';
  if (before.kind === 'failing') return paused(before);
  const isTooLarge = parts.refusals.refuses(blob.sizeBytes);
  if (isTooLarge) return { kind: 'refused', ...isTooLarge };
  const written = await write(parts, blob, signal);
  if (written !== 'written') return written;
  const after = await lookAfterwards(parts, blob, signal);
  if (after.kind === 'failing') return paused({ ...after, reason: `written, but ${after.reason}` });
  if (after.kind === 'lost') return { kind: 'refused', reason: `written, but ${after.reason}` };
  parts.onWritten?.(blob);
  return 'held';
}

/** Reads what is there; what is absent costs no more than a question. */
async function lookBefore(parts: TransferParts, blob: WantedBlob, signal: AbortSignal): Promise<PublicRead> {
  const asked = await parts.publicSide.ask(blob, signal);
  return asked.kind === 'good' && isReadWhole(parts, blob) ? read(parts, blob, signal) : asked;
}

/** Reads a blob as far as the mirror's setting demands. */
function read(parts: TransferParts, blob: WantedBlob, signal: AbortSignal): Promise<PublicRead> {
  const { publicSide } = parts;
  return isReadWhole(parts, blob) ? publicSide.read(blob, signal) : publicSide.ask(blob, signal);
}

async function lookAfterwards(
  parts: TransferParts,
  blob: WantedBlob,
  signal: AbortSignal,
): Promise<PublicRead> {
  const { lagMs = LAG_MS } = parts;
  for (let reads = 1; ; reads++) {
    const found = await read(parts, blob, signal);
    if (found.kind === 'good' || reads === READS) return found;
    // A mirror that names a longer pause is obeyed by the caller.
    if (found.kind === 'failing' && (found.retryAfterMs ?? 0) > lagMs) return found;
    await sleep(lagMs, undefined, { signal });
  }
}

async function write(
  { mirror, lines, spool, target, refusals }: TransferParts,
  blob: WantedBlob,
  signal: AbortSignal,
): Promise<'written' | Exclude<PublishResult, 'held'>> {
  try {
    const done = await lines.run(mirror, signal, (line) =>
      spool.use(blob, signal, async (body) => {
        await target.write(blob, line.throttle(body(), signal), signal);
        return true;
      }),
    );
    if (done === undefined) return { kind: 'lost-in-store' };
    refusals.took(blob.sizeBytes);
    return 'written';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof WriteRefused)) throw error;
    const { message: reason, kind, isBySize, retryAfterMs } = error;
    if (kind === 'mirror') return paused({ reason, ...(retryAfterMs !== undefined && { retryAfterMs }) });
    const pauseMs = isBySize ? refusals.refused(blob.sizeBytes, reason, retryAfterMs) : retryAfterMs;
    return { kind: 'refused', reason, retryAfterMs: pauseMs, isBySize };
  }
}

function paused({ reason, retryAfterMs = PAUSED_MS.usual }: { reason: string; retryAfterMs?: number }) {
  return { kind: 'paused', reason, retryAfterMs: Math.max(retryAfterMs, PAUSED_MS.least) } as const;
}

/** Of a mirror that is verified by samples, the same tenth of the blobs each time. */
function isReadWhole({ verify }: TransferParts, { digest }: WantedBlob): boolean {
  return verify === 'full' || Number.parseInt(hexOf(digest).slice(0, 8), 16) % SAMPLE === 0;
}
