import { readFileSync, writeFileSync } from 'node:fs';
import { ADDED_AT_START, AT_START, RELOADED } from '../../services/config/reloading.ts';

/**
 * The table of docs/configuration.md that says what a reload takes over. Run by itself, this file writes it there:
 * `node test/reload/reload-table.ts`.
 */

const DOCUMENT = new URL('../../docs/configuration.md', import.meta.url);
const BEGIN = '<!-- reload: written by test/reload/reload-table.ts -->';
const END = '<!-- end of reload -->';

/** The document's text, and its generated part. */
export function readReloadTable(): { text: string; table: string } {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/configuration.md has lost ${BEGIN} or ${END}`);
  return { text, table: text.slice(begin + BEGIN.length, end).trim() };
}

/** A row for each section. */
export function writeReloadTable(): string {
  const sections = new Set([...RELOADED, ...AT_START].map(sectionOf));
  const rows = [...sections].sort().map((section) => {
    const added = ADDED_AT_START.filter((key) => sectionOf(key) === section);
    const cells = [
      `\`${section}\``,
      list(RELOADED.filter((key) => sectionOf(key) === section)),
      [
        ...AT_START.filter((key) => sectionOf(key) === section).map(quoted),
        ...added.map((key) => `adding or removing ${quoted(key)}`),
      ].join(', '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| section | a reload takes over | needs a restart |', '|---|---|---|', ...rows].join('\n');
}

function sectionOf(key: string): string {
  return key.split('.', 1)[0] ?? key;
}

function list(keys: readonly string[]): string {
  return keys.map(quoted).join(', ');
}

function quoted(key: string): string {
  return `\`${key}\``;
}

if (import.meta.main) {
  const { text, table } = readReloadTable();
  const [begin, end] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  if (table !== writeReloadTable())
    writeFileSync(DOCUMENT, `${text.slice(0, begin)}\n\n${writeReloadTable()}\n\n${text.slice(end)}`);
}
