import type { Figures } from './measure.ts';
import type { Row } from './row.ts';

/** The lines around the table in docs/security.md, between which `npm run worst -- --write` puts it. */
export const MARKERS = {
  begin: '<!-- worst requests: begin -->',
  end: '<!-- worst requests: end -->',
} as const;

const HEAD = [
  ...['route', 'request', 'status', 'CPU ms', 'store requests'],
  ...['memory MB', 'descriptors', 'slowest /livez ms'],
];

/** The worst requests and what they cost, in Markdown. */
export function tableOf(measured: readonly (readonly [Row, Figures])[]): string {
  const lines = measured.map(([{ route, request }, figures]) => [
    ...[`\`${route}\``, request, figures.status, figures.cpuMs, figures.storeRequests],
    ...[Math.round(figures.memoryMb), figures.descriptors, Math.round(figures.slowestMs)],
  ]);
  const rules = HEAD.map((_, i) => (i < 2 ? '---' : '---:'));
  return [HEAD, rules, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A document with another table between its markers; throws if it has none. */
export function withTable(document: string, table: string): string {
  const [before, rest] = document.split(MARKERS.begin);
  const after = rest?.split(MARKERS.end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`write these two lines where the table is to be: ${MARKERS.begin} and ${MARKERS.end}`);
  return `${before}${MARKERS.begin}\n\n${table}\n\n${MARKERS.end}${after}`;
}

/** The table of a document; undefined if it has no markers. */
export function tableIn(document: string): string | undefined {
  return document.split(MARKERS.begin)[1]?.split(MARKERS.end)[0];
}
