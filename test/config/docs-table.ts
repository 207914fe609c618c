import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { CATALOGUE, type Entry } from '../../services/config/catalogue.ts';

/**
 * The tables of docs/configuration.md, made from the catalogue. Run by itself, this file writes them there:
 * `node test/config/docs-table.ts`.
 */

const DOCUMENT = new URL('../../docs/configuration.md', import.meta.url);
const BEGIN = '<!-- keys: written by test/config/docs-table.ts -->';
const END = '<!-- end of keys -->';

/** The document's text, and its generated part. */
export function readDocument(): { text: string; tables: string } {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/configuration.md has lost ${BEGIN} or ${END}`);
  return { text, tables: text.slice(begin + BEGIN.length, end).trim() };
}

/** A table for each section, in the catalogue's order. */
export function writeTables(catalogue: readonly Entry[] = CATALOGUE): string {
  const sections = Map.groupBy(catalogue, sectionOf);
  return [...sections]
    .map(([section, entries]) =>
      [`### ${section}`, '', '| key | of | default | here |', '|---|---|---|---|', ...linesOf(entries)].join(
        '\n',
      ),
    )
    .join('\n\n');
}

function sectionOf({ key }: Entry): string {
  const [first = '', second = ''] = key.split('.');
  if (first === 'storage' && !OF_STORAGE.has(second)) return 'storage: other drivers';
  return key === 'version' || key === 'loglevel' ? 'version, loglevel' : first;
}

const OF_STORAGE = new Set([
  'filesystem',
  's3',
  'swift',
  'delete',
  'redirect',
  'tag',
  'cache',
  'maintenance',
]);

/** Keys of one section that share everything are in one line: `redis.` `password` `db`. */
function linesOf(entries: readonly Entry[]): string[] {
  const groups = Map.groupBy(entries, (entry) => {
    const { verdict, from, note } = entry;
    return JSON.stringify([parentOf(entry), from, verdict, entry.default, note]);
  });
  return [...groups.values()].map((group) => {
    const [{ from, verdict, note, default: standard } = entries[0] as Entry] = group;
    const here =
      verdict.kind === 'honoured'
        ? verdict.text
        : `**${verdict.kind}**${isSaidAbove(group[0]) ? ' with it' : `: ${verdict.text}`}`;
    const cells = [
      keysOf(group),
      from,
      standard === undefined ? '' : `\`${yamlOf(standard)}\``,
      `${here}${note === undefined ? '' : ` (${note})`}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
}

/** A value in YAML, on one line. */
export function yamlOf(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}

/** Whether a section that holds the key says it all. */
function isSaidAbove(entry: Entry | undefined): boolean {
  return CATALOGUE.some((above) => entry?.key.startsWith(`${above.key}.`) && above.verdict === entry.verdict);
}

function keysOf(group: readonly Entry[]): string {
  const [first] = group;
  if (first === undefined || group.length === 1) return `\`${first?.key}\``;
  const names = group.map(({ key }) => `\`${key.slice(parentOf(first).length + 1)}\``);
  return `\`${parentOf(first)}.\` ${names.join(' ')}`;
}

function parentOf({ key }: Entry): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('.')));
}

/** The keys that tables name: the other way round. */
export function keysIn(tables: string): string[] {
  return tables
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const names = [...(line.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      const [first = '', ...others] = names;
      return first.endsWith('.') ? others.map((name) => first + name) : names;
    });
}

if (import.meta.main) {
  const { text, tables } = readDocument();
  writeFileSync(
    DOCUMENT,
    text.replace(tables, () => writeTables()),
  );
}
