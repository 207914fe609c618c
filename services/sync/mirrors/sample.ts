import { setTimeout as sleep } from 'node:timers/promises';
import { wantedHeldBlob } from './held-blobs.ts';
import { judge, readWhole } from './judged-read.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

/** A small blob whole, and a part of a larger one, by turns: what makes all bytes of a mirror wrong or late shows soon. */
const SAMPLE_MS = 2000;
/** Little enough for volunteers: at most 40 KiB a second. */
const SAMPLE = { wholeMaxBytes: 128 * 1024, partBytes: 32 * 1024 } as const;
/** A mirror that is not believed has to be right several times in a row in what was bad. */
const DISTRUSTED = { goodReads: 5, wholeMaxBytes: 1024 * 1024 } as const;

/** Reads a little of what a mirror should hold, now and then, until the session is over. */
export async function sample(session: MirrorSession): Promise<void> {
  const { signal } = session;
  let goodReads = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    await sleep(SAMPLE_MS, undefined, { signal });
    if (session.distrust === undefined) {
      goodReads = 0;
      const [first, other] = turn % 2 === 0 ? [sampleWhole, samplePart] : [samplePart, sampleWhole];
      if (!(await first(session))) await other(session);
      continue;
    }
    const blob = distrustedBlob(session) ?? (await wantedHeldBlob(session, isSmall));
    if (blob === undefined) continue;
    goodReads = (await readWhole(session, blob)) ? goodReads + 1 : 0;
    if (goodReads < DISTRUSTED.goodReads) continue;
    session.distrust = undefined;
    session.healing.notify();
    session.watching.notify();
  }
}

/** Reads a small blob whole; false if the mirror holds none that small. */
async function sampleWhole(session: MirrorSession): Promise<boolean> {
  const blob = await wantedHeldBlob(session, isSmall);
  if (blob === undefined) return false;
  const startedAt = performance.now();
  await judge(session, blob, await session.publicSide.readAtOnce(blob, session.signal), startedAt);
  return true;
}

/** Reads somewhere in a blob that is too large to be read whole; false if the mirror holds none that large. */
async function samplePart(session: MirrorSession): Promise<boolean> {
  const blob = await wantedHeldBlob(session, (each) => !isSmall(each));
  if (blob === undefined) return false;
  const startedAt = performance.now();
  const sizeBytes = SAMPLE.partBytes;
  const firstByte = Math.floor(Math.random() * (blob.sizeBytes - sizeBytes));
  const found = await session.publicSide.readPartAtOnce(blob, { firstByte, sizeBytes }, session.signal);
  await judge(session, blob, found, startedAt);
  return true;
}

function isSmall({ sizeBytes }: PublishedAt): boolean {
  return sizeBytes <= SAMPLE.wholeMaxBytes;
}

/** One of those that made the mirror be distrusted: what was bad has to be right again. */
function distrustedBlob(session: MirrorSession): PublishedAt | undefined {
  const small = session.ledger.missing.filter(({ sizeBytes }) => sizeBytes <= DISTRUSTED.wholeMaxBytes);
  return small[Math.floor(Math.random() * small.length)];
}
