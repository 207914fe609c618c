import pMap from 'p-map';
import type { SwiftClient } from './client.ts';
import { copyObject, type Part, type SegmentGroup } from './group.ts';
import { head, type ObjectHead } from './head.ts';
import { readManifest, type Segment } from './manifest.ts';
import { putWhole } from './put.ts';
import { readPart } from './read.ts';
import { finish, inGroup, SMALL_BYTES } from './write.ts';

const AT_ONCE = 8;
/** Parallel runs; each may hold gathered bytes in memory. */
const RUNS_AT_ONCE = 4;
/** Adjacent pieces that are too small for own segments become one of about this size. */
const GATHERED_BYTES = 8 * 1024 * 1024;

type Source = ObjectHead & { readonly name: string };

/** A run of bytes of the target: a segment that can be used directly, or a part of an object that must be copied. */
type Piece =
  | { readonly segment: Segment; readonly sizeBytes: number }
  | { readonly part: Part; readonly sizeBytes: number };

/**
 * Makes an object of others. The segments of large sources that we wrote are shared; Swift copies everything else, except
 * runs of pieces below 1 MiB, which pass through memory: Swift slows down reads of objects with many such segments.
 */
export async function compose(
  client: SwiftClient,
  sourceNames: readonly { readonly key: string; readonly name: string }[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const heads = await pMap(
    sourceNames,
    async ({ key, name }): Promise<Source> => {
      const found = await head(client, name, signal);
      if (found === undefined) throw new Error(`cannot compose: there is no ${key}`);
      return { ...found, name };
    },
    { concurrency: AT_ONCE },
  );
  const sources = heads.filter(({ sizeBytes }) => sizeBytes > 0);
  const [only] = sources;
  if (only?.kind === 'plain' && sources.length === 1) {
    await copyObject(client, only, target, signal);
    return;
  }
  const totalBytes = sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (totalBytes <= SMALL_BYTES) {
    await putWhole(client, target, await readAll(client, sources.map(wholeOf), signal), signal);
    return;
  }

  const pieces = (
    await pMap(sources, (source) => piecesOf(client, source, signal), { concurrency: AT_ONCE })
  ).flat();
  await inGroup(client, signal, async (group, untilFailed) => {
    const segments = await pMap(runsOf(pieces), (run) => segmentsOf(client, group, run, untilFailed), {
      concurrency: RUNS_AT_ONCE,
    });
    await finish(client, group, target, segments.flat(), untilFailed);
  });
}

function wholeOf({ name, etag, sizeBytes }: { name: string; etag: string; sizeBytes: number }): Part {
  return { name, etag, range: { first: 0, last: sizeBytes - 1 } };
}

async function piecesOf(client: SwiftClient, source: Source, signal?: AbortSignal): Promise<Piece[]> {
  const lent = source.kind === 'static' && (await readManifest(client, source.name, signal));
  if (lent && lent !== 'foreign' && lent.every(({ name }) => name.startsWith(client.names.ownSegments))) {
    const sizeBytes = lent.reduce((sum, segment) => sum + segment.sizeBytes, 0);
    if (sizeBytes !== source.sizeBytes)
      throw new Error('cannot compose: a source was replaced during the operation');
    return lent.map((segment) => ({ segment, sizeBytes: segment.sizeBytes }));
  }
  // Another object's bytes, or segments whose owner (Distribution) deletes them with their manifest.
  return [{ part: wholeOf(source), sizeBytes: source.sizeBytes }];
}

/** Groups adjacent pieces that are too small for own segments; everything else stays single. */
function runsOf(pieces: readonly Piece[]): Piece[][] {
  const runs: Piece[][] = [];
  let runBytes = 0;
  for (const piece of pieces) {
    const isSmall = piece.sizeBytes < SMALL_BYTES;
    const run = runs.at(-1);
    if (isSmall && run && runBytes > 0 && runBytes < GATHERED_BYTES) run.push(piece);
    else runs.push([piece]);
    runBytes = isSmall ? (runs.at(-1) === run ? runBytes : 0) + piece.sizeBytes : 0;
  }
  return runs;
}

async function segmentsOf(
  client: SwiftClient,
  group: SegmentGroup,
  run: readonly Piece[],
  signal: AbortSignal,
): Promise<Segment[]> {
  const [only] = run;
  if (only && run.length === 1) return 'segment' in only ? [only.segment] : group.copy(only.part, signal);
  const parts = run.map((piece) => ('segment' in piece ? wholeOf(piece.segment) : piece.part));
  const bytes = await readAll(client, parts, signal);
  return [await group.put(bytes, signal)];
}

async function readAll(client: SwiftClient, parts: readonly Part[], signal?: AbortSignal): Promise<Buffer> {
  const read = await pMap(parts, (part) => readPart(client, part, signal), { concurrency: AT_ONCE });
  return Buffer.concat(read);
}
