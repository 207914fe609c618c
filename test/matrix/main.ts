import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pMap from 'p-map';
import { type Cell, type CellResult, playCell } from './cell.ts';
import { homeOf } from './client.ts';
import { CLIENT_KINDS } from './client-kinds.ts';
import { FAULTS } from './faults.ts';
import { canMeet } from './groups.ts';
import type { Mode } from './nodes.ts';
import { isSaved, lineOf, outcomeOf, settingOf, tablesOf } from './table.ts';

/**
 * The program behind `npm run matrix`: lets real clients pull through a mirror with a fault, and prints what each got, as
 * tables in Markdown. Progress goes to standard error. The exit code is 1 if a client had no image after two tries, or
 * if a cell could not be played.
 */

// Exiting in order ends the servers and removes their files.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: CLIENT_KINDS.map(({ name }) => name).join() },
    faults: { type: 'string', default: FAULTS.map(({ name }) => name).join() },
    modes: { type: 'string', default: 'anonymous,token' },
    nodes: { type: 'string', default: '1' },
    redis: { type: 'string', default: 'off' },
    when: { type: 'string', default: 'mid,noticed' },
    ten: { type: 'boolean', default: false },
    'limit-seconds': { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});

/** The words of an option, each of which has to be one of these. */
function words<W extends string>(option: string, given: string, known: readonly W[]): W[] {
  return given.split(',').map((word) => {
    const found = known.find((each) => each === word);
    if (found === undefined) throw new Error(`--${option}: expected ${known.join(', ')} instead of ${word}`);
    return found;
  });
}

function named<T extends { readonly name: string }>(option: string, given: string, all: readonly T[]): T[] {
  const names = words(
    option,
    given,
    all.map(({ name }) => name),
  );
  return all.filter(({ name }) => names.includes(name));
}

const limit = values['limit-seconds'];
const cells: Cell[] = [];
for (const mode of words<Mode>('modes', values.modes, ['anonymous', 'token']))
  for (const nodes of words('nodes', values.nodes, ['1', '2', '3']))
    for (const redis of words('redis', values.redis, ['on', 'off']))
      for (const when of words('when', values.when, ['mid', 'noticed']))
        for (const fault of named('faults', values.faults, FAULTS))
          for (const client of named('clients', values.clients, CLIENT_KINDS))
            cells.push({
              ...{ client, fault, mode, nodes: Number(nodes), hasRedis: redis === 'on', when },
              ...{
                crowd: values.ten ? 10 : 1,
                ...(limit !== undefined && { limitMs: Number(limit) * 1000 }),
              },
            });

const left: string[] = [];
const broken: string[] = [];
/** Plays a cell, if this machine has the client and the client can meet the fault. */
async function play(cell: Cell): Promise<CellResult[]> {
  const { client, fault } = cell;
  if (!canMeet(client, fault)) {
    left.push(`${client.name} takes any certificate on loopback: no row ${fault.name}`);
    return [];
  }
  const home = await homeOf(client);
  if ('reason' in home) {
    left.push(`${client.name}: ${home.reason}`);
    return [];
  }
  try {
    const result = await playCell(cell, home);
    console.error(`${settingOf(cell)}: ${lineOf(result)}`);
    return [result];
  } catch (error) {
    // The other cells can still be played.
    console.error(`${settingOf(cell)}: ${fault.name} × ${client.name}:`, error);
    broken.push(`${fault.name} × ${client.name} (${settingOf(cell)}) could not be played`);
    return [];
  }
}

const played = await pMap(cells, play, { concurrency: Number(values['at-once']) });
const results = played.flat();
console.log(tablesOf(results));
for (const line of new Set([...left, ...broken])) console.log(`\n${line}`);
if (values.json !== undefined) {
  const rows = results.map(({ cell, ...result }) => {
    const { client, fault, ...setting } = cell;
    return {
      client: client.name,
      fault: fault.name,
      ...setting,
      text: outcomeOf({ cell, ...result }),
      ...result,
    };
  });
  writeFileSync(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
}
process.exitCode = broken.length === 0 && results.every(isSaved) ? 0 : 1;
