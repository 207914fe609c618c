import { pMapIterable } from 'p-map';
import { AUDIT_PREFIX, AUDIT_PRUNED_KEY } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { auditRecords } from './end.ts';
import { type Fault, fault, recordsAre } from './fault.ts';
import { LinkCheck } from './link-check.ts';
import { decodeRecord, type Place } from './record.ts';
import type { Sealer } from './seal.ts';

export interface VerifyOptions {
  /** Without it seals are counted, and not looked at. */
  readonly sealer?: Sealer | undefined;
  /** Places of the chain that somebody has written down elsewhere. */
  readonly expect?: readonly Place[];
  /** Hears how many records were read so far. */
  readonly onRecord?: (records: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** What the chain is, and all that is wrong with it. */
export interface Verification {
  /** By the number of the record; the first is where to look. */
  readonly faults: readonly Fault[];
  /** The first record that is to be there; those before it were pruned. */
  readonly first: number;
  readonly end: Place | undefined;
  readonly records: number;
  readonly entries: number;
  /** Records that bear a seal. */
  readonly sealed: number;
}

const READS_AT_ONCE = 16;
/** Of more than so many records that a listing does not show, each by itself is not asked for. */
const GAP_READS_MAX = 1000;
/** So many faults are told; more say nothing new. */
const FAULTS_MAX = 1000;

/**
 * Reads the whole chain and computes it anew. Tells records that were altered, removed, reordered, or put there; and
 * with expected places, whether it was cut off or all of it written anew. Others may append meanwhile.
 */
export async function verifyAudit(objects: ObjectStore, options: VerifyOptions = {}): Promise<Verification> {
  const found = await verifyOnce(objects, options);
  // It may have been pruned in this very moment.
  return found.faults.length === 0 ? found : verifyOnce(objects, options);
}

async function verifyOnce(objects: ObjectStore, options: VerifyOptions): Promise<Verification> {
  const { sealer, expect = [], onRecord, signal } = options;
  const check = new LinkCheck(sealer);
  const faults: Fault[] = [];
  const tell = (...more: readonly Fault[]) => {
    if (faults.length < FAULTS_MAX) faults.push(...more);
  };
  const wanted = new Map(expect.map((place) => [place.seq, place.hash]));
  const met = new Map<number, string>();
  let gap: Span | undefined;
  const items = pMapIterable(
    places(objects, tell, signal),
    async (place) => ({ place, bytes: await readPlace(objects, place, signal) }),
    { concurrency: READS_AT_ONCE },
  );
  for await (const { place, bytes } of items) {
    const { first, last } = place;
    if (bytes === undefined) {
      gap = { first: gap?.first ?? first, last };
      continue;
    }
    if (gap) {
      check.skip();
      tell(fault('removed', gap.first, `${recordsAre(gap.first, gap.last)} missing`));
      gap = undefined;
    }
    tell(...check.add(first, bytes));
    if (check.end && wanted.has(first)) met.set(first, check.end.hash);
    onRecord?.(check.records);
  }
  const pruned = await provenPrune(objects, check, signal);
  const first = (pruned?.seq ?? 0) + 1;
  if (pruned) met.set(pruned.seq, pruned.hash);
  for (const [seq, hash] of wanted) tell(...expectationFaults({ seq, hash }, met.get(seq), first, check.end));
  return {
    faults: faults
      // Of a prune that broke off, some may be left.
      .filter(({ kind, seq }) => kind === 'stray' || seq >= first)
      .sort((one, other) => one.seq - other.seq),
    first,
    end: check.end,
    records: check.records,
    entries: check.entries,
    sealed: check.sealed,
  };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** Each record that is listed, and before it what is missing before it. */
async function* places(
  objects: ObjectStore,
  tell: (fault: Fault) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Span> {
  const records = auditRecords(objects);
  let next = 1;
  for await (const { key } of listAll(objects, { prefix: AUDIT_PREFIX }, signal)) {
    const seq = records.numberOf(key);
    if (seq === undefined) {
      if (key !== AUDIT_PRUNED_KEY)
        tell({ ...fault('stray', next, `${key} is no record, and lies among them`), key });
      continue;
    }
    if (seq - next > GAP_READS_MAX) yield { first: next, last: seq - 1 };
    // A listing may show a record later than the one after it.
    else for (; next < seq; next++) yield { first: next, last: next };
    yield { first: seq, last: seq };
    next = seq + 1;
  }
}

async function readPlace(
  objects: ObjectStore,
  { first, last }: Span,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  return first === last ? auditRecords(objects).read(first, signal) : undefined;
}

/** Up to where the chain itself says that it was pruned: the record after that names the same hash. */
async function provenPrune(
  objects: ObjectStore,
  { prunes }: LinkCheck,
  signal: AbortSignal | undefined,
): Promise<Place | undefined> {
  let proven: Place | undefined;
  for (const { seq, upTo } of prunes) {
    if (upTo.seq >= seq || upTo.seq <= (proven?.seq ?? 0)) continue;
    const bytes = await auditRecords(objects).read(upTo.seq + 1, signal);
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
      `Record ${seq} has another hash than expected: it, or one before it, was altered, and what follows written anew`,
    ),
  ];
}
