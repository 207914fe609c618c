import { createHash, type Hash } from 'node:crypto';
import type { Answer, AskOptions } from './ask.ts';

/** A resumption asks for no more than this, however large the blob is. */
const RESUMED_MAX_BYTES = 16 * 1024 * 1024;

/** The answer to a GET of the example, with what later checks compare with. */
export interface Whole extends Answer {
  readonly sha256: string;
  /** Where a resumption begins: the middle, or later in a large blob. */
  readonly resumeAt: number;
  /** The hash of all bytes before `resumeAt`; copy it, then add what a resumption got. */
  readonly beforeResume: Hash;
}

/** Reads a blob as a client does that would accept an encoding. */
export async function readWhole(
  sizeBytes: number,
  ask: (options: AskOptions) => Promise<Answer>,
): Promise<Whole> {
  const resumeAt = Math.max(Math.floor(sizeBytes / 2), sizeBytes - RESUMED_MAX_BYTES);
  const [all, beforeResume] = [createHash('sha256'), createHash('sha256')];
  let at = 0;
  const answer = await ask({
    headers: { 'accept-encoding': 'gzip, zstd, br' },
    maxBytes: sizeBytes,
    isPatient: true,
    onBytes(chunk) {
      all.update(chunk);
      if (at < resumeAt) beforeResume.update(chunk.subarray(0, resumeAt - at));
      at += chunk.length;
    },
  });
  return { ...answer, sha256: all.digest('hex'), resumeAt, beforeResume };
}
