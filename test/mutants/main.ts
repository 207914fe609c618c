import { parseArgs } from 'node:util';
import { Checkout } from './copy.ts';
import { MUTANTS } from './mutants.ts';
import { Trials } from './trial.ts';

/**
 * The program behind `npm run mutants`: plants each breakage of the table in a copy of the checkout, runs the tests that
 * have to notice it, and prints what survived. It fails below {@link WANTED}. `--only TEXT` tries the mutants whose file
 * or description has the text.
 */

const WANTED = 0.95;
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const mutants = MUTANTS.filter(({ file, drops }) => `${file}: ${drops}`.includes(values.only));
using checkout = new Checkout();
const trials = new Trials(checkout);
const counts = new Map<string, number>();
for (const [i, mutant] of mutants.entries()) {
  const startedAt = performance.now();
  const verdict = await trials.try(mutant);
  counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(`${i + 1}/${mutants.length} ${verdict} ${mutant.file}: ${mutant.drops} (${seconds} s)`);
}
const caught = counts.get('caught') ?? 0;
console.log([...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', '));
process.exitCode = mutants.length > 0 && caught / mutants.length >= WANTED ? 0 : 1;
