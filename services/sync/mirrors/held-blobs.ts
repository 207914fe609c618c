import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

/** What a mirror that was put back from a backup lacks, and what clients ask for: the newest entries. */
const NEWEST_ENTRIES = 8;
/** Entries are published and lost as a whole, so a few blobs of each show a loss. */
const BLOBS_EACH = 2;
/** Entries may publish nothing new, so a few are tried. */
const TRIES = 8;

/** A few blobs of each of the newest entries that a mirror should hold; at most {@link NEWEST_ENTRIES} × {@link BLOBS_EACH}. */
export async function newestHeldBlobs(session: MirrorSession): Promise<PublishedAt[]> {
  const { watermark } = session.ledger;
  const newest: PublishedAt[] = [];
  let entries = 0;
  for (let seq = watermark; seq > watermark - NEWEST_ENTRIES - TRIES && entries < NEWEST_ENTRIES; seq--) {
    const blobs = await heldOf(session, seq);
    if (blobs.length === 0) continue;
    entries++;
    newest.push(...shuffled(blobs).slice(0, BLOBS_EACH));
  }
  return newest;
}

/** A blob of the newest entry, or of one of the newest; undefined if the mirror holds nothing. */
export async function newHeldBlob(
  session: MirrorSession,
  which: 'newest' | 'one of the newest',
): Promise<PublishedAt | undefined> {
  const { watermark } = session.ledger;
  // An entry that does not exist yet would be asked for in the store, by each mirror.
  if (watermark === 0) return undefined;
  const first = which === 'newest' ? watermark : watermark - Math.floor(Math.random() * NEWEST_ENTRIES);
  return anyBefore(session, Math.max(1, first));
}

/** Any blob that a mirror should hold: over time every one. */
export async function randomHeldBlob(session: MirrorSession): Promise<PublishedAt | undefined> {
  const { watermark } = session.ledger;
  return watermark === 0 ? undefined : anyBefore(session, session.parts.log.drawn(watermark));
}

/**
 * A blob that a mirror should hold, of the newest entries or of any, out of those that are wanted. Larger ones are
 * likelier: a short answer may be well where longer ones are cut, changed or stalled.
 */
export async function wantedHeldBlob(
  session: MirrorSession,
  isWanted: (blob: PublishedAt) => boolean,
): Promise<PublishedAt | undefined> {
  const { watermark } = session.ledger;
  if (watermark === 0) return undefined;
  const drawn = session.parts.log.drawn(watermark);
  const found: PublishedAt[] = [];
  // The entries that all mirrors of the worker look at just now.
  for (const seq of new Set([drawn, drawn - 1, watermark]))
    found.push(...(await heldOf(session, seq)).filter(isWanted));
  return blobAt(found, Math.random());
}

/** Some blobs that a mirror should hold, none twice, each no larger than `maxBytes`; for a judgement of the whole. */
export async function someHeldBlobs(
  session: MirrorSession,
  count: number,
  maxBytes: number,
): Promise<PublishedAt[]> {
  const { watermark } = session.ledger;
  const found = new Map<string, PublishedAt>();
  for (let tries = 0; tries < 4 * count && found.size < count && watermark > 0; tries++) {
    const seq = 1 + Math.floor(Math.random() * watermark);
    const blobs = shuffled(await heldOf(session, seq)).filter(({ sizeBytes }) => sizeBytes <= maxBytes);
    const blob = blobs.find(({ digest }) => !found.has(digest));
    if (blob) found.set(blob.digest, blob);
  }
  return [...found.values()];
}

/** The blob in which a share of all bytes ends, from 0 to less than 1; undefined for no blobs. */
export function blobAt<B extends Pick<PublishedAt, 'sizeBytes'>>(
  blobs: readonly B[],
  share: number,
): B | undefined {
  let left = share * blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return blobs.find(({ sizeBytes }) => {
    left -= sizeBytes;
    return left < 0;
  });
}

async function anyBefore(session: MirrorSession, from: number): Promise<PublishedAt | undefined> {
  for (let seq = from; seq > Math.max(0, from - TRIES); seq--) {
    const [blob] = shuffled(await heldOf(session, seq));
    if (blob) return blob;
  }
  return undefined;
}

/** The blobs of an entry that clients may be sent to the mirror for; none before the first entry. */
async function heldOf(session: MirrorSession, seq: number): Promise<readonly PublishedAt[]> {
  const { parts, ledger, signal } = session;
  const blobs = (await parts.log.blobs(seq, signal)) ?? [];
  const lacks = new Set(ledger.missing.map(({ digest }) => digest));
  return blobs.filter((blob) => blob.sizeBytes > 0 && !lacks.has(blob.digest));
}

function shuffled<T>(items: readonly T[]): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
