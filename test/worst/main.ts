import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { excessesOf, variableExcessesOf } from './budget.ts';
import { type Figures, measure } from './measure.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';
import { tableOf, withTable } from './table.ts';
import { startWorstWorld } from './world.ts';

/**
 * The program behind `npm run worst`: sends the worst requests of every route to a node and prints what each cost, as a
 * table in Markdown. Progress and what is beyond its budget go to standard error. `--write` puts the table into
 * docs/security.md; other words select the rows that contain one of them. Run it on a quiet machine.
 */

const DOCUMENT = fileURLToPath(new URL('../../docs/security.md', import.meta.url));

// Exiting in order ends the servers and removes their files.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const words = process.argv.slice(2).filter((word) => word !== '--write');
const isWritten = process.argv.includes('--write');
if (isWritten && words.length > 0) throw new Error('--write takes no words: the document has all rows');
const chosen = ROWS.filter(
  ({ route, request }) => words.length === 0 || words.some((word) => `${route} ${request}`.includes(word)),
);

await using world = await startWorstWorld();
const measured: [Row, Figures][] = [];
for (const row of chosen) {
  const figures = await measure(world, row);
  measured.push([row, figures]);
  console.error(
    tableOf([[row, figures]])
      .split('\n')
      .at(-1),
  );
  for (const line of [...excessesOf(row, figures), ...variableExcessesOf(row, figures)])
    console.error(`  ${line}`);
}
const table = tableOf(measured);
if (isWritten) writeFileSync(DOCUMENT, withTable(readFileSync(DOCUMENT, 'utf8'), table));
console.log(table);
