import type { ChangeCase } from '../change-lanes.ts';
import type { LaneResult, Sample } from '../measure.ts';
import { CLOSED_IN_PIECES, CLOSED_MB, COMPARED_PIECES, type PiecesResult, SMALL_PIECES } from '../pieces.ts';
import type { PullCase } from '../pulls.ts';
import { figure, markdownTable } from './markdown.ts';
import { median, ratio } from './statistics.ts';

/** A case, and what each of its servers did. */
export interface PullResult {
  readonly pull: PullCase;
  readonly lanes: readonly LaneResult[];
}

const rate = (sample: Sample) => sample.rate;
const cpu = (sample: Sample) => sample.cpuSeconds;

function medianOf(lane: LaneResult, value: (sample: Sample) => number): number {
  return median(lane.samples.map(value));
}

/** The ratios that both tables end with. */
const RATIOS = ['speed : bare', 'speed : docker-registry', 'CPU : bare', 'CPU : docker-registry'];
function ratios(lane: LaneResult, lanes: readonly LaneResult[]): string[] {
  return [
    ratio(lane, lanes, 'bare', rate),
    ratio(lane, lanes, 'docker-registry', rate),
    ratio(lane, lanes, 'bare', cpu),
    ratio(lane, lanes, 'docker-registry', cpu),
  ].map(figure);
}

/** All GETs: a line for each case and server. */
export function pullTable(results: readonly PullResult[]): string {
  const header = ['GET', 'server', 'req/s', 'MB/s', 'p99 ms', 'CPU µs/req', ...RATIOS];
  const rows = results.flatMap(({ pull, lanes }) =>
    lanes.map((lane) => [
      pull.title,
      lane.label,
      figure(medianOf(lane, rate)),
      pull.bodyBytes === undefined ? '' : figure((medianOf(lane, rate) * pull.bodyBytes) / 1e6),
      figure(medianOf(lane, (sample) => sample.p99Ms ?? Number.NaN)),
      figure(medianOf(lane, cpu) * 1e6),
      ...ratios(lane, lanes),
    ]),
  );
  return markdownTable(header, rows, 2);
}

/** What it costs that somebody asks with a token, beside the anonymous at the same door: a line for each case. */
export function authenticatorTable(results: readonly PullResult[]): string {
  const header = ['GET', 'by token, req/s', 'CPU µs/req', 'anonymous, CPU µs/req', 'CPU : anonymous'];
  const rows = results.flatMap(({ pull, lanes }) => {
    const [anonymous, authorised] = (['anonymous', 'authorised'] as const).map((contender) =>
      lanes.find((lane) => lane.contender === contender),
    );
    if (!anonymous || !authorised) return [];
    return [
      [
        pull.title,
        figure(medianOf(authorised, rate)),
        figure(medianOf(authorised, cpu) * 1e6),
        figure(medianOf(anonymous, cpu) * 1e6),
        figure(ratio(authorised, lanes, 'anonymous', cpu)),
      ],
    ];
  });
  return markdownTable(header, rows, 1);
}

/** A page of tags, over a kind of store: a line for each size of the repository. */
export function tagTable(store: string, lanes: readonly LaneResult[]): string {
  const header = [
    `page of 100 tags over ${store}`,
    'pages/s',
    'p99 ms',
    'CPU µs/page',
    'time : out of 1,000',
    'CPU : out of 1,000',
  ];
  const rows = lanes.map((lane) => [
    lane.label,
    figure(medianOf(lane, rate)),
    figure(medianOf(lane, (sample) => sample.p99Ms ?? Number.NaN)),
    figure(medianOf(lane, cpu) * 1e6),
    figure(ratio(lane, lanes, 'few-tags', (sample) => 1 / sample.rate)),
    figure(ratio(lane, lanes, 'few-tags', cpu)),
  ]);
  return markdownTable(header, rows, 1);
}

/** Pulls while others try to log in: a line for each place where they do. */
export function loginTable(lanes: readonly LaneResult[]): string {
  const header = [
    'manifest by tag, while',
    'req/s',
    'p99 ms',
    'CPU µs/req',
    'speed : nobody',
    'speed : elsewhere',
  ];
  const rows = lanes.map((lane) => [
    lane.label,
    figure(medianOf(lane, rate)),
    figure(medianOf(lane, (sample) => sample.p99Ms ?? Number.NaN)),
    figure(medianOf(lane, cpu) * 1e6),
    figure(ratio(lane, lanes, 'nobody', rate)),
    figure(ratio(lane, lanes, 'elsewhere', rate)),
  ]);
  return markdownTable(header, rows, 1);
}

/** The push: a line for each server. */
export function pushTable(megabytes: number, lanes: readonly LaneResult[]): string {
  const header = [`push of ${megabytes} MB`, 'seconds', 'MB/s', 'CPU seconds', ...RATIOS];
  const rows = lanes.map((lane) => [
    lane.label,
    figure(1 / medianOf(lane, rate)),
    figure(medianOf(lane, rate) * megabytes),
    figure(medianOf(lane, cpu)),
    ...ratios(lane, lanes),
  ]);
  return markdownTable(header, rows, 1);
}

/** A kind of change, and what each registry did. */
export interface ChangeResult {
  readonly of: ChangeCase;
  readonly lanes: readonly LaneResult[];
}

/** Changes of manifests: a line for each kind and registry. */
export function changeTable(results: readonly ChangeResult[]): string {
  const header = [
    'manifests',
    'server',
    'per second',
    'CPU µs',
    'speed : docker-registry',
    'CPU : docker-registry',
  ];
  const rows = results.flatMap(({ of, lanes }) =>
    lanes.map((lane) => [
      of.title,
      lane.label,
      figure(medianOf(lane, rate)),
      figure(medianOf(lane, cpu) * 1e6),
      figure(ratio(lane, lanes, 'docker-registry', rate)),
      figure(ratio(lane, lanes, 'docker-registry', cpu)),
    ]),
  );
  return markdownTable(header, rows, 2);
}

/** Uploads in pieces, over a kind of store: what each request costs beside the first, or beside a single piece. */
export function piecesTable(store: string, result: PiecesResult): string {
  const { firstMs, lastMs, smallCloseMs, closeMs } = result;
  const [whole = Number.NaN] = closeMs;
  const small = `of ${SMALL_PIECES.count.toLocaleString('en')} PATCHes of ${SMALL_PIECES.bytes / 1000} kB`;
  const rows: (readonly [string, number, number])[] = [
    [`the first ${COMPARED_PIECES} ${small}`, firstMs, 1],
    [`the last ${COMPARED_PIECES}`, lastMs, lastMs / firstMs],
    ['closing PUT after them', smallCloseMs, Number.NaN],
    ...CLOSED_IN_PIECES.map((pieces, i): [string, number, number] => {
      const ms = closeMs[i] ?? Number.NaN;
      return [`closing PUT of ${CLOSED_MB} MB in ${pieces}`, ms, ms / whole];
    }),
  ];
  return markdownTable(
    [`upload in pieces over ${store}`, 'ms', 'time : first'],
    rows.map(([what, ms, times]) => [what, figure(ms), Number.isNaN(times) ? '' : figure(times)]),
    1,
  );
}
