import { blobsOf } from '../registry/publishing/publication/entry.ts';
import type { MirrorSession } from './mirror-session.ts';
import type { WantedBlob } from './targets/target.ts';

/** What a mirror that was put back from a backup lacks, and what clients ask for: the newest entries. */
const NEWEST_ENTRIES = 8;
/** Entries are published and lost as a whole, so a few blobs of each show a loss. */
const BLOBS_EACH = 2;
/** Entries may publish nothing new, so a few are tried. */
const TRIES = 8;

type Held = Pick<MirrorSession, 'parts' | 'ledger' | 'signal'>;

/** A few blobs of each of the newest entries that a mirror should hold; at most {@link NEWEST_ENTRIES} × {@link BLOBS_EACH}. */
export async function newestHeldBlobs(held: Held): Promise<WantedBlob[]> {
  const { watermark } = held.ledger;
  const newest: WantedBlob[] = [];
  let entries = 0;
  for (let seq = watermark; seq > watermark - NEWEST_ENTRIES - TRIES && entries < NEWEST_ENTRIES; seq--) {
    const blobs = await heldOf(held, seq);
    if (blobs.length === 0) continue;
    entries++;
    newest.push(...shuffled(blobs).slice(0, BLOBS_EACH));
  }
  return newest;
}

/** A blob of the newest entry, or of one of the newest. */
export async function newHeldBlob(held: Held, which: 'newest' | 'one of the newest') {
  const { watermark } = held.ledger;
  const first = which === 'newest' ? watermark : watermark - Math.floor(Math.random() * NEWEST_ENTRIES);
  for (let seq = Math.max(1, first); seq > first - TRIES; seq--) {
    const [blob] = shuffled(await heldOf(held, seq));
    if (blob) return blob;
  }
  return undefined;
}

/** Any blob that a mirror should hold. */
export async function randomHeldBlob(held: Held): Promise<WantedBlob | undefined> {
  const { watermark } = held.ledger;
  for (let i = 0; i < TRIES && watermark > 0; i++) {
    const [blob] = shuffled(await heldOf(held, 1 + Math.floor(Math.random() * watermark)));
    if (blob) return blob;
  }
  return undefined;
}

/** The blobs of an entry that a mirror should hold; none before the first entry. */
async function heldOf({ parts, ledger, signal }: Held, seq: number): Promise<readonly WantedBlob[]> {
  const entry = seq > 0 ? await parts.content.log.read(seq, signal) : undefined;
  if (entry === undefined) return [];
  const lacks = new Set(ledger.missing);
  return blobsOf(entry).filter((blob) => blob.sizeBytes > 0 && !lacks.has(blob.digest));
}

function shuffled<T>(items: readonly T[]): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
