import { pMapIterable } from 'p-map';
import { AUDIT_PREFIX, AUDIT_PRUNED_KEY } from '../storage/layout.ts';
import type { Numbered } from '../storage/numbered.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { auditRecords } from './end.ts';
import { type Fault, fault, recordsAre } from './fault.ts';
import { LinkCheck } from './link-check.ts';
import type { Place } from './place.ts';
import { decodeRecord } from './record.ts';
import type { Sealer } from './seal.ts';

export interface VerifyOptions {
  /** Without it, seals are counted but not verified. */
  readonly sealer?: Sealer | undefined;
  /** Places of the chain that were kept elsewhere. */
  readonly expect?: readonly Place[];
  /** Called with the number of records read so far. */
  readonly onRecord?: (records: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The extent of the chain, and its faults. */
export interface Verification {
  /** Ordered by the number of the record; look at the first one first. */
  readonly faults: readonly Fault[];
  /** The first record that has to exist; earlier ones were pruned. */
  readonly first: number;
  readonly end: Place | undefined;
  readonly records: number;
  readonly entries: number;
  /** Records with a seal. */
  readonly sealed: number;
  /** The last record that each of the old secrets sealed, in their order. */
  readonly lastOfOld: readonly (Place | undefined)[];
}

const READS_AT_ONCE = 16;
/** In a gap of more records than this, records are not looked up one by one. */
const GAP_READS_MAX = 1000;
/** At most this many faults are reported; more say nothing new. */
const FAULTS_MAX = 1000;

/**
 * Reads the whole chain and recomputes it. Reports records that were altered, removed, reordered or inserted; and with
 * expected places, whether the chain was cut off or rewritten. Other processes may append at the same time.
 */
export async function verifyAudit(objects: ObjectStore, options: VerifyOptions = {}): Promise<Verification> {
  const found = await verifyOnce(objects, options);
  // A prune may have happened during the first pass.
  return found.faults.length === 0 ? found : verifyOnce(objects, options);
}

async function verifyOnce(objects: ObjectStore, options: VerifyOptions): Promise<Verification> {
  const { sealer, expect = [], onRecord, signal } = options;
  const records = auditRecords(objects);
  const check = new LinkCheck(sealer);
  const faults: Fault[] = [];
  const report = (...more: readonly Fault[]) => {
    if (faults.length < FAULTS_MAX) faults.push(...more);
  };
  const bound = sealer?.ends ?? [];
  const wanted = new Set([...bound, ...expect].map(({ seq }) => seq));
  const met = new Map<number, string>();
  let gap: Span | undefined;
  const items = pMapIterable(
    places(objects, records, report, signal),
    async ({ first, last }) => ({
      ...{ first, last },
      bytes: first === last ? await records.read(first, signal) : undefined,
    }),
    { concurrency: READS_AT_ONCE },
  );
  for await (const { first, last, bytes } of items) {
    if (bytes === undefined) {
      gap = { first: gap?.first ?? first, last };
      continue;
    }
    if (gap) {
      check.skip();
      report(fault('removed', gap.first, `${recordsAre(gap.first, gap.last)} missing`));
      gap = undefined;
    }
    report(...check.add(first, bytes));
    if (check.end && wanted.has(first)) met.set(first, check.end.hash);
    onRecord?.(check.records);
  }
  const pruned = await provenPrune(records, check, signal);
  const first = (pruned?.seq ?? 0) + 1;
  if (pruned) met.set(pruned.seq, pruned.hash);
  report(...check.finish());
  // What was pruned needs no proof any more, unless somebody asks for it.
  for (const place of [...expect, ...bound.filter(({ seq }) => seq >= first)])
    report(...expectationFaults(place, met.get(place.seq), first, check.end));
  return {
    faults: faults
      // A prune that was interrupted may have left some records.
      .filter(({ kind, seq }) => kind === 'stray' || seq >= first)
      .sort((one, other) => one.seq - other.seq),
    first,
    end: check.end,
    records: check.records,
    entries: check.entries,
    sealed: check.sealed,
    lastOfOld: check.lastOfOld,
  };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** Each listed record, preceded by the records missing before it. */
async function* places(
  objects: ObjectStore,
  records: Numbered,
  report: (fault: Fault) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Span> {
  let next = 1;
  for await (const { key } of listAll(objects, { prefix: AUDIT_PREFIX }, signal)) {
    const seq = records.numberOf(key);
    if (seq === undefined) {
      if (key !== AUDIT_PRUNED_KEY)
        report({ ...fault('stray', next, `${key} is not a record, but is among them`), key });
      continue;
    }
    if (seq - next > GAP_READS_MAX) yield { first: next, last: seq - 1 };
    // A listing may show a record later than the one after it.
    else for (; next < seq; next++) yield { first: next, last: next };
    yield { first: seq, last: seq };
    next = seq + 1;
  }
}

/** The place up to which the chain proves its own prune: the record after that place names the same hash. */
async function provenPrune(
  records: Numbered,
  { prunes }: LinkCheck,
  signal: AbortSignal | undefined,
): Promise<Place | undefined> {
  let proven: Place | undefined;
  for (const { seq, upTo } of prunes) {
    if (upTo.seq >= seq || upTo.seq <= (proven?.seq ?? 0)) continue;
    const bytes = await records.read(upTo.seq + 1, signal);
    if (bytes && decodeRecord(bytes)?.record.prev === upTo.hash) proven = upTo;
  }
  return proven;
}

function expectationFaults(
  expected: Place,
  hash: string | undefined,
  first: number,
  end: Place | undefined,
): Fault[] {
  const { seq } = expected;
  if (hash === expected.hash) return [];
  const last = end?.seq ?? 0;
  if (hash === undefined && seq > last)
    return [fault('truncated', last + 1, `${recordsAre(last + 1, seq)} missing: the record was cut off`)];
  if (hash === undefined && seq < first - 1)
    return [fault('removed', first, `Record ${seq}, which was expected, was pruned: expect a later one`)];
  return [
    fault(
      'altered',
      seq,
      `Record ${seq} has another hash than expected: it, or one before it, was altered, and all later ones were rewritten`,
    ),
  ];
}
