import { type Fault, fault } from './fault.ts';
import type { Place } from './place.ts';
import { BEGINNING, decodeRecord, hashOf, type Stored } from './record.ts';
import type { Seal, Sealer } from './seal.ts';

/** A prune, as an entry of the chain records it. */
export interface PruneClaim {
  readonly upTo: Place;
  /** The record that contains the entry. */
  readonly seq: number;
}

/** The record before the current one, and whether its seal proves that it is unaltered. */
interface Previous extends Place {
  readonly isSealed: boolean;
}

/** Follows the chain from record to record, and reports what does not fit. */
export class LinkCheck {
  readonly #sealer: Sealer | undefined;
  /** Places of the configuration prove the records up to here, whatever seals follow. */
  readonly #provenUpTo: number;
  /** Undefined if the hash that the next record has to name is unknown. */
  #previous: Previous | undefined = { ...BEGINNING, isSealed: true };
  #firstSealed: number | undefined;
  /** The newest secret of a valid seal, by its age, and what was sealed with older ones after the last such seal. */
  #newest: { readonly age: number; firstOlder: number | undefined } | undefined;
  /** The last record with a valid seal by each of the old secrets, in their order. */
  readonly lastOfOld: (Place | undefined)[] = [];
  /** The newest record that was checked. */
  end: Place | undefined;
  readonly prunes: PruneClaim[] = [];
  records = 0;
  entries = 0;
  sealed = 0;

  constructor(sealer: Sealer | undefined) {
    this.#sealer = sealer;
    this.#provenUpTo = Math.max(0, ...(sealer?.ends ?? []).map(({ seq }) => seq));
  }

  /** To be called when records are missing. */
  skip(): void {
    this.#previous = undefined;
  }

  /** Checks the record in this place. */
  add(seq: number, bytes: Buffer): Fault[] {
    this.records++;
    const hash = hashOf(bytes);
    this.end = { seq, hash };
    const stored = decodeRecord(bytes);
    if (stored === undefined) {
      this.#previous = undefined;
      return [fault('unreadable', seq, `Record ${seq} is damaged, or of a later version than this one`)];
    }
    const { record } = stored;
    this.entries += record.entries.length;
    if (record.seq !== seq) {
      this.#previous = undefined;
      return [fault('reordered', seq, `Record ${record.seq} is in the place of record ${seq}`)];
    }
    for (const { action, details } of record.entries)
      if (action === 'audit.prune') {
        const { upTo, hash: prunedHash } = details ?? {};
        if (typeof upTo === 'number' && typeof prunedHash === 'string')
          this.prunes.push({ seq, upTo: { seq: upTo, hash: prunedHash } });
      }
    const sealFaults = this.#checkSeal(seq, stored);
    const isSealed = this.#sealer !== undefined && stored.seal !== undefined && sealFaults.length === 0;
    if (isSealed) this.#noteSecret({ seq, hash }, stored.seal);
    const faults = [...this.#checkLink(seq, record.prev, isSealed), ...sealFaults];
    this.#previous = { seq, hash, isSealed };
    return faults;
  }

  /**
   * To be called at the end. A seal proves everything before it, so an older secret after a newer one is no fault while nodes
   * change theirs one after the other: unless nothing newer follows. Then anyone that knows the replaced secret may have
   * written it.
   */
  finish(): Fault[] {
    const { age = 0, firstOlder } = this.#newest ?? {};
    if (firstOlder !== undefined)
      return [
        fault(
          'forged',
          firstOlder,
          `The records since ${firstOlder} have seals made with a replaced secret, although earlier ones have newer seals`,
        ),
      ];
    if (age === 0 || this.end === undefined) return [];
    const what =
      'The newest record has a seal made with a replaced secret, and none has one made with http.secret';
    const why =
      'either nothing was recorded since it was replaced (is it in-use in audit.oldsecretsuntil?), or the record was rewritten with it';
    return [fault('forged', this.end.seq, `${what}: ${why}`)];
  }

  #noteSecret(place: Place, seal: Seal): void {
    const old = this.#sealer?.oldOf(seal);
    if (old !== undefined) this.lastOfOld[old] = place;
    if (place.seq <= this.#provenUpTo) return;
    const age = this.#sealer?.ageOf(seal) ?? 0;
    if (this.#newest === undefined || age <= this.#newest.age) this.#newest = { age, firstOlder: undefined };
    else this.#newest.firstOlder ??= place.seq;
  }

  #checkLink(seq: number, prev: string, isSealed: boolean): Fault[] {
    const previous = this.#previous;
    if (previous === undefined || previous.hash === prev) return [];
    if (previous.isSealed && isSealed && previous.seq > 0) {
      // After records were cut off, nodes wrote others in their places: these two are from different continuations.
      const both = `Records ${previous.seq} and ${seq} are unaltered, but do not follow each other`;
      return [fault('reordered', seq, both)];
    }
    // One of the two was altered; not the one whose seal is valid.
    return previous.isSealed
      ? [fault('altered', seq, `Record ${seq} was altered or inserted: it does not name the one before it`)]
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
      return [fault('unsealed', seq, `Record ${seq} has no seal, but ${since}: it was altered or inserted`)];
    }
    this.#firstSealed ??= seq;
    this.sealed++;
    const verdict = this.#sealer?.verify(seq, body, seal) ?? 'right';
    if (verdict === 'right') return [];
    return [
      fault(
        'forged',
        seq,
        verdict === 'wrong'
          ? `Record ${seq} was altered or inserted: its seal is wrong`
          : verdict === 'ended'
            ? `Record ${seq} was forged: its secret had been replaced before; or the place in audit.oldsecretsuntil was taken while a process still used it`
            : `Record ${seq} has a seal made with a secret that is neither http.secret nor in http.oldsecrets`,
      ),
    ];
  }
}
