import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../runtime/log.ts';
import type { Numbered } from '../storage/numbered.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { auditRecords, findEnd } from './end.ts';
import type { Place } from './place.ts';
import { decodeRecord, encodeRecord, hashOf } from './record.ts';
import type { Sealer } from './seal.ts';

/** The remembered end is checked again when it is older than this: far younger than anything that may be pruned. */
const KNOWN_MAX_MS = 10 * 60_000;
/** How long an append keeps retrying while it loses every race. */
const PATIENCE_MS = 20_000;
/** After a lost race, each append within this time first pauses for a moment, so that others get their turn. */
const RIVALS_MS = 1000;
/** After this many lost races in a row the end is searched for, instead of trying the next number. */
const STEPS_MAX = 3;

/** After losing this many races in one append, retry without delay; before that the delay shrinks with every loss. */
const STEPS_AGED = 6;

/** The dependencies of the chain. */
export interface ChainParts {
  readonly objects: ObjectStore;
  /** The name of this machine in records. */
  readonly node: string;
  readonly sealer: Sealer | undefined;
  readonly logger: Log;
}

/**
 * The audit record's end, where records are appended: `roadstead/audit/…/<seq>.jsonl`, numbered without gaps, each with
 * the hash of the one before it. The conditional create of the next number is the only coordination, as in the
 * publication log; of those that race, one gets it, and the others continue after it. One append at a time.
 */
export class AuditChain {
  readonly #parts: ChainParts;
  readonly #records: Numbered;
  #end: Place | undefined;
  /** When the end was last known to be the end: milliseconds since 1970. */
  #knownAt = 0;
  /** When a race was last lost, and how long an append takes, by the monotonic clock. */
  #rivalAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;

  constructor(parts: ChainParts) {
    this.#parts = parts;
    this.#records = auditRecords(parts.objects);
  }

  /** The newest record that this process has written or seen. */
  get end(): Place | undefined {
    return this.#end;
  }

  /** Appends entries, as JSON, in one record; durable when it returns. Throws if the store fails, or every race is lost. */
  async append(entries: readonly string[]): Promise<Place> {
    const { node, sealer } = this.#parts;
    const startedAt = performance.now();
    if (startedAt - this.#rivalAt < RIVALS_MS) await sleep(Math.random() * 2 * this.#tookMs);
    const id = crypto.randomUUID();
    let before = await this.#known();
    for (let steps = 1; ; steps++) {
      const seq = before.seq + 1;
      const triedAt = performance.now();
      const bytes = encodeRecord({ seq, prev: before.hash, id, node }, entries, sealer);
      if ((await this.#records.putIfAbsent(seq, bytes)) === 'created') {
        this.#tookMs = performance.now() - triedAt;
        return this.#know({ seq, hash: hashOf(bytes) });
      }
      this.#rivalAt = performance.now();
      // The delay shrinks with every lost race.
      if (steps < STEPS_AGED) await sleep((Math.random() * this.#tookMs * (STEPS_AGED - steps)) / 2);
      const theirs = await this.#records.read(seq);
      // An earlier attempt had succeeded, but its answer was lost.
      if (theirs?.equals(bytes)) return this.#know({ seq, hash: hashOf(bytes) });
      if (performance.now() - startedAt > PATIENCE_MS)
        throw new Error(`lost every race to append to the audit record, up to record ${seq}`);
      if (theirs && steps % STEPS_MAX !== 0) before = this.#meet({ seq, hash: hashOf(theirs) }, theirs);
      else before = await this.#search(before);
    }
  }

  /** The end as it is remembered; searched for if that was too long ago, or nothing is known. */
  async #known(): Promise<Place> {
    const { objects, logger } = this.#parts;
    const end = this.#end;
    if (end === undefined) return this.#search(undefined);
    if (Math.abs(Date.now() - this.#knownAt) < KNOWN_MAX_MS) return end;
    if (await this.#records.has(end.seq)) return this.#know(end);
    const found = await findEnd(objects);
    if (found.seq > end.seq) return this.#know(found);
    // The chain was cut off. Continuing after what is known to have existed leaves a gap as the evidence.
    logger.error(
      { ...end, found: found.seq },
      'audit record: a record has disappeared, so the chain was cut off. Restore it from a backup, and run roadstead audit --verify',
    );
    return this.#know(end);
  }

  async #search(from: Place | undefined): Promise<Place> {
    const { objects } = this.#parts;
    const end = await findEnd(objects, from);
    const bytes = end.seq > 0 && end.seq !== from?.seq ? await this.#records.read(end.seq) : undefined;
    return bytes ? this.#meet(end, bytes) : this.#know(end);
  }

  /** Continues after a record of another process; one that is damaged or not sealed is logged, and stops nobody. */
  #meet(place: Place, bytes: Buffer): Place {
    const { sealer, logger } = this.#parts;
    const stored = decodeRecord(bytes);
    const { seq } = place;
    if (stored === undefined || stored.record.seq !== seq)
      logger.error({ seq }, 'audit record: a record is damaged. Run roadstead audit --verify');
    else if (sealer && stored.seal === undefined)
      logger.warn(
        { seq },
        'audit record: a record has no seal: it is from before http.secret was set, from a node without it, or forged',
      );
    else if (sealer && stored.seal && sealer.verify(seq, stored.body, stored.seal) !== 'right')
      logger.error(
        { seq },
        'audit record: a record has a seal that neither http.secret nor http.oldsecrets verifies. Run roadstead audit --verify',
      );
    return this.#know(place);
  }

  #know(place: Place): Place {
    this.#end = place;
    this.#knownAt = Date.now();
    return place;
  }
}
