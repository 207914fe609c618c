import { measure } from './measure.ts';
import { ROWS } from './rows.ts';
import { startWorstWorld } from './world.ts';

await using world = await startWorstWorld();
const [, , from = '0', to = '999'] = process.argv;
for (const row of ROWS.slice(Number(from), Number(to))) {
  const figures = await measure(world, row);
  const { status, cpuMs, storeRequests, memoryMb, descriptors, slowestMs, idleSlowestMs, longestMs } = figures;
  console.log(status === row.status ? 'ok ' : 'BAD', row.route, '|', row.request, '|', status, cpuMs, storeRequests, memoryMb.toFixed(0), descriptors, slowestMs.toFixed(0), idleSlowestMs.toFixed(0), longestMs.toFixed(0), status === row.status ? '' : figures.answer);
}
