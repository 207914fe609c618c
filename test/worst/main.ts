import { measure } from './measure.ts';
import { ROWS } from './rows.ts';
import { startWorstWorld } from './world.ts';

await using world = await startWorstWorld();
const only = process.argv[2];
for (const row of ROWS.filter(({ route, request }) => only === undefined || `${route} ${request}`.includes(only))) {
  const figures = await measure(world, row);
  console.log(row.route, '|', row.request, '|', JSON.stringify({ ...figures, answer: figures.answer.slice(0, 200) }));
}
