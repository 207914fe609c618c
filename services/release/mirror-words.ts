import { formatBytes } from '../registry/runtime/format-bytes.ts';

/** A blob that a mirror lacks. */
export interface LackedBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  /** The publication that it belongs to. */
  readonly seq: number;
  /** Why, for people. */
  readonly reason: string;
  /** When it is tried again, RFC 3339; without it, as soon as possible. */
  readonly retryAt?: string | undefined;
}

/** What is to be said of a mirror. */
export interface MirrorAccount {
  readonly name: string;
  readonly healthy: boolean;
  /** Why it is not healthy. */
  readonly reason?: string | undefined;
  /** The publication up to which it was complete before it is looked through. */
  readonly watermark: number;
  /** While it is looked through after an absence: how far that is. */
  readonly confirmed?: number | undefined;
  readonly lacks: readonly LackedBlob[];
  readonly trouble?: string | undefined;
  readonly warnings: readonly string[];
}

/** More reasons than these are counted only. */
const REASONS_MAX = 5;

/** What is wrong with a mirror, a short sentence each. */
export function problemsOf(mirror: MirrorAccount): string[] {
  const { name, healthy, reason, lacks, trouble, warnings } = mirror;
  const of = `mirror ${name}`;
  return [
    ...(healthy ? [] : [`${of} gets no clients: ${reason ?? 'unknown'}`]),
    ...(lacks.length > 0 ? [`${lacksOf(mirror)}: ${whyOf(mirror)}`] : []),
    ...(trouble === undefined ? [] : [`${of} cannot be published to: ${trouble}`]),
    ...warnings.map((warning) => `${of}: ${warning}`),
  ].map(withShortDigests);
}

/** What people should know of a mirror besides its numbers and its health, in lines; those that begin with blanks continue. */
export function notesOf(mirror: MirrorAccount): string[] {
  const { name, watermark, confirmed, lacks, trouble, warnings } = mirror;
  const of = `mirror ${name}`;
  const isLookedThrough = confirmed !== undefined && confirmed < watermark;
  return [
    ...(isLookedThrough
      ? [
          `${of} is being looked through after an absence: clients are sent there for publications up to ` +
            `${confirmed} of ${watermark}`,
        ]
      : []),
    ...(lacks.length > 0 ? linesOfLacks(mirror) : []),
    ...(trouble === undefined ? [] : [`${of} cannot be published to: ${trouble}`]),
    ...warnings.map((warning) => `${of}: ${warning}`),
  ].map(withShortDigests);
}

/**
 * A text in which digests are too short to fetch anything by: who may see that a mirror has trouble may not thereby get
 * its blobs.
 */
export function withShortDigests(text: string): string {
  return text.replaceAll(/\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

/** `mirror south lacks 3 blobs (412.0 MB)`. */
function lacksOf({ name, lacks }: MirrorAccount): string {
  return `mirror ${name} lacks ${count(lacks.length)} (${formatBytes(bytesOf(lacks))})`;
}

function whyOf({ lacks }: MirrorAccount): string {
  const [first, ...others] = groupsOf(lacks);
  const more = others.length === 1 ? 'reason' : 'reasons';
  return `${first?.[0]}${others.length === 0 ? '' : `, and for ${others.length} other ${more}`}`;
}

/** One line for a single blob; otherwise a line for each reason. */
function linesOfLacks(mirror: MirrorAccount): string[] {
  const groups = groupsOf(mirror.lacks);
  const [first] = groups;
  if (first && groups.length === 1) return [`${lacksOf(mirror)}: ${lineOf(first)}`];
  const rest = groups.slice(REASONS_MAX).flatMap(([, blobs]) => blobs);
  return [
    `${lacksOf(mirror)}:`,
    ...groups.slice(0, REASONS_MAX).map((group) => `  ${lineOf(group)}`),
    ...(rest.length === 0
      ? []
      : [`  ${count(rest.length)} (${formatBytes(bytesOf(rest))}) for other reasons`]),
  ];
}

type Group = readonly [reason: string, blobs: readonly LackedBlob[]];

/** Blobs by reason, the most frequent one first. */
function groupsOf(lacks: readonly LackedBlob[]): Group[] {
  const groups = Map.groupBy(lacks, ({ reason }) => withShortDigests(reason));
  return [...groups].sort(([, one], [, other]) => other.length - one.length);
}

/** `sha256:ab… (300.0 MB, publication 17): it takes no blob this large; tried again at …`. */
function lineOf([reason, blobs]: Group): string {
  const seqs = blobs.map(({ seq }) => seq);
  const [low, high] = [seqs.reduce((a, b) => Math.min(a, b)), seqs.reduce((a, b) => Math.max(a, b))];
  const publications = low === high ? `publication ${low}` : `publications ${low} to ${high}`;
  const what = blobs.length === 1 ? blobs[0]?.digest : `${count(blobs.length)}, such as ${blobs[0]?.digest}`;
  return `${what} (${formatBytes(bytesOf(blobs))}, ${publications}): ${reason}${retryOf(blobs)}`;
}

/** When the first of these is tried again. */
function retryOf(blobs: readonly LackedBlob[]): string {
  const times = blobs.flatMap(({ retryAt }) => (retryAt === undefined ? [] : [retryAt])).sort();
  if (times[0] === undefined) return '';
  return times.length > 1 && times[0] !== times.at(-1)
    ? `; tried again from ${times[0]} on`
    : `; tried again at ${times[0]}`;
}

function bytesOf(blobs: readonly LackedBlob[]): number {
  return blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function count(blobs: number): string {
  return blobs === 1 ? '1 blob' : `${blobs} blobs`;
}
