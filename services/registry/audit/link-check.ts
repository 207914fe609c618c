import { type Fault, fault } from './fault.ts';
import { BEGINNING, decodeRecord, hashOf, type Place, type Stored } from './record.ts';
import type { Sealer } from './seal.ts';

/** What was pruned, as an entry of the chain says it. */
export interface PruneClaim {
  readonly upTo: Place;
  /** The record in which it stands. */
  readonly seq: number;
}

/** The record before the one that is being looked at, and whether it is known to be as its author wrote it. */
interface Previous extends Place {
  readonly isSealed: boolean;
}

/** Goes along the chain record after record, and tells what does not fit. */
export class LinkCheck {
  readonly #sealer: Sealer | undefined;
  /** Undefined where it cannot be known what the next record has to name. */
  #previous: Previous | undefined = { ...BEGINNING, isSealed: true };
  #firstSealed: number | undefined;
  readonly prunes: PruneClaim[] = [];
  records = 0;
  entries = 0;
  sealed = 0;

  constructor(sealer: Sealer | undefined) {
    this.#sealer = sealer;
  }

  /** The newest record that was looked at. */
  get end(): Place | undefined {
    return this.#end;
  }
  #end: Place | undefined;

  /** To be told of records that are not there. */
  skip(): void {
    this.#previous = undefined;
  }

  /** Looks at the record that lies where this number belongs. */
  add(seq: number, bytes: Buffer): Fault[] {
    this.records++;
    const hash = hashOf(bytes);
    this.#end = { seq, hash };
    const stored = decodeRecord(bytes);
    if (stored === undefined) {
      this.#previous = undefined;
      return [fault('unreadable', seq, `Record ${seq} is damaged, or of a later version than this one`)];
    }
    const { record } = stored;
    this.entries += record.entries.length;
    if (record.seq !== seq) {
      this.#previous = undefined;
      return [fault('reordered', seq, `In the place of record ${seq} lies record ${record.seq}`)];
    }
    for (const { action, details } of record.entries)
      if (action === 'audit.prune') {
        const { upTo, hash: prunedHash } = details ?? {};
        if (typeof upTo === 'number' && typeof prunedHash === 'string')
          this.prunes.push({ seq, upTo: { seq: upTo, hash: prunedHash } });
      }
    const sealFaults = this.#checkSeal(seq, stored);
    const isSealed = this.#sealer !== undefined && stored.seal !== undefined && sealFaults.length === 0;
    const faults = [...this.#checkLink(seq, record.prev, isSealed), ...sealFaults];
    this.#previous = { seq, hash, isSealed };
    return faults;
  }

  #checkLink(seq: number, prev: string, isSealed: boolean): Fault[] {
    const previous = this.#previous;
    if (previous === undefined || previous.hash === prev) return [];
    if (previous.isSealed && isSealed && previous.seq > 0) {
      // After records were cut off, nodes went on in their places: these are of two such endings.
      const both = `Records ${previous.seq} and ${seq} are as nodes wrote them, and do not follow one another`;
      return [fault('reordered', seq, both)];
    }
    // One of the two is not what it was; a seal tells which one it is not.
    return previous.isSealed
      ? [fault('altered', seq, `Record ${seq} was altered or put there: it does not name the one before it`)]
      : [
          fault(
            'altered',
            previous.seq,
            `Record ${previous.seq} was altered: the one after it names another hash`,
          ),
        ];
  }

  #checkSeal(seq: number, { body, seal }: Stored): Fault[] {
    if (seal === undefined) {
      if (this.#firstSealed === undefined) return [];
      const since = `the records since ${this.#firstSealed} do`;
      return [
        fault('unsealed', seq, `Record ${seq} bears no seal, and ${since}: it was altered, or put there`),
      ];
    }
    this.#firstSealed ??= seq;
    this.sealed++;
    const verdict = this.#sealer?.verify(body, seal) ?? 'right';
    if (verdict === 'right') return [];
    return [
      fault(
        'forged',
        seq,
        verdict === 'wrong'
          ? `Record ${seq} was altered or put there: its seal is wrong`
          : `Record ${seq} bears a seal by a secret that is neither http.secret nor among http.oldsecrets`,
      ),
    ];
  }
}
