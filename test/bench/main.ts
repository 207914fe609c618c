import { findProgram } from '../support/programs.ts';
import { tempDir } from '../support/temp.ts';
import { CHANGE_CASES, changeLanes } from './change-lanes.ts';
import { type Field, startField } from './field.ts';
import { type BenchImage, makeBenchImage } from './image.ts';
import { Heard, loginLanes } from './logins/lanes.ts';
import { startWithAccounts } from './logins/server.ts';
import { measureLanes, type Sample } from './measure.ts';
import { measurePieces } from './pieces.ts';
import { pullLanes } from './pull-lanes.ts';
import { pullCases } from './pulls.ts';
import { PUSH_MB, pushLanes } from './push-lanes.ts';
import { load, machineFacts } from './report/machine.ts';
import { figure } from './report/markdown.ts';
import {
  authenticatorTable,
  type ChangeResult,
  changeTable,
  loginTable,
  type PullResult,
  piecesTable,
  pullTable,
  pushTable,
  tagTable,
} from './report/tables.ts';
import { parseSettings, type Settings, USAGE, UsageError } from './settings.ts';
import { tagLanes } from './tag-lanes.ts';
import { TAG_STORES, type TagStoreKind } from './tag-stores/open.ts';

/**
 * The program behind `npm run bench`: Roadstead, a bare node:http server and Debian's docker-registry side by side on
 * loopback. Tells its progress on standard error and prints the tables, in Markdown, at its end.
 */

// Exiting in order ends the servers and removes their files.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings) await bench(settings);
  else console.log(USAGE);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}

async function bench(settings: Settings): Promise<void> {
  demandPrograms(settings);
  const loadBefore = load();
  await using home = await tempDir('bench');
  const image = await makeBenchImage(`${home.path}/image`, { large: settings.cases.has('large-blob') });
  await using field = await startField(home.path, image);

  const pulls: PullResult[] = [];
  for (const pull of pullCases(image).filter(({ id }) => settings.cases.has(id))) {
    const lanes = pullLanes(field, pull, settings.seconds);
    pulls.push({ pull, lanes: await measureLanes(lanes, settings.rounds, teller(pull.title)) });
  }
  const pushes = settings.cases.has('push') ? await measurePushes(field, settings) : undefined;
  const changes = settings.cases.has('changes') ? await measureChanges(field, image, settings) : undefined;

  const pieces = settings.cases.has('pieces')
    ? piecesTable('a file system', await measurePieces(field.roadstead.url, settings.rounds, tellPieces))
    : undefined;
  const logins = settings.cases.has('logins') ? await measureLogins(home.path, field, settings) : undefined;

  const tags: string[] = [];
  const leftOut: string[] = [];
  const bucket = TAG_STORES.find(({ id }) => id === 'tags-s3');
  const bucketPieces =
    settings.cases.has('pieces-s3') && bucket
      ? await measureBucketPieces(bucket, field, settings)
      : undefined;
  if (settings.cases.has('pieces-s3') && bucketPieces === undefined)
    leftOut.push(`pieces-s3 is left out: it needs ${bucket?.missing().join(', ')}`);
  for (const kind of TAG_STORES.filter(({ id }) => settings.cases.has(id))) {
    const missing = kind.missing();
    if (missing.length > 0) leftOut.push(`${kind.id} is left out: it needs ${missing.join(', ')}`);
    else tags.push(await measureTags(kind, field, settings));
  }

  if (pulls.length > 0) print(pullTable(pulls));
  if (pulls.some(({ pull }) => pull.bodyBytes === undefined)) print(authenticatorTable(pulls));
  if (pushes) print(pushTable(PUSH_MB, pushes));
  if (changes) print(changeTable(changes));
  if (pieces) print(pieces);
  if (bucketPieces) print(bucketPieces);
  if (logins) print(logins);
  for (const table of tags) print(table);
  const facts = [
    `medians over ${settings.rounds} round(s) of ${settings.seconds} s for each server; ratios are medians of each round's`,
    ...(await machineFacts(loadBefore)),
    ...(pushes ? ['Roadstead as shipped and docker-registry sync what is pushed; the other two do not'] : []),
    ...leftOut,
    ...(field.dockerRegistry ? [] : ['docker-registry is not installed, so its lines are left out']),
  ];
  print(facts.map((fact) => `* ${fact}`).join('\n'));
}

async function measurePushes(field: Field, { rounds }: Settings) {
  return measureLanes(pushLanes(field), rounds, teller(`push of ${PUSH_MB} MB`));
}

async function measureChanges(field: Field, image: BenchImage, { rounds }: Settings) {
  const results: ChangeResult[] = [];
  for (const of of CHANGE_CASES)
    results.push({
      of,
      lanes: await measureLanes(changeLanes(field, image, of), rounds, teller(of.title)),
    });
  return results;
}

async function measureBucketPieces(kind: TagStoreKind, field: Field, { rounds }: Settings) {
  if (kind.missing().length > 0) return undefined;
  await using store = await kind.open(field);
  return piecesTable(store.title, await measurePieces(store.server.url, rounds, tellPieces));
}

function tellPieces(text: string): void {
  console.error(`uploads in pieces, ${text}`);
}

async function measureLogins(home: string, field: Field, { rounds, seconds }: Settings) {
  const registry = await startWithAccounts(`${home}/accounts`, field.roadstead.rootDirectory);
  await using _ = registry.daemon;
  const heard = new Heard();
  const lanes = loginLanes(registry, field.bare, seconds, heard);
  const table = loginTable(await measureLanes(lanes, rounds, teller('pulls while others log in')));
  return `${table}\n\n* ${heard}`;
}

async function measureTags(kind: TagStoreKind, field: Field, { rounds, seconds }: Settings) {
  await using store = await kind.open(field);
  console.error(`page of tags over ${store.title}: making tags`);
  const lanes = await tagLanes(store, seconds);
  const title = `page of tags over ${store.title}`;
  return tagTable(store.title, await measureLanes(lanes, rounds, teller(title)));
}

/** Throws if the benchmark cannot be run here at all. */
function demandPrograms({ cases }: Settings): void {
  if (process.platform !== 'linux') throw new UsageError('the benchmark reads /proc: it runs on Linux only');
  const needsWrk = [...cases].some((id) => !['push', 'changes'].includes(id) && !id.startsWith('pieces'));
  if (needsWrk && findProgram('wrk') === undefined)
    throw new UsageError('the benchmark needs wrk, which is not installed');
}

function teller(title: string) {
  return (label: string, round: number, { rate, cpuSeconds }: Sample) =>
    console.error(
      `${title}, round ${round}, ${label}: ${figure(rate)}/s, ${figure(cpuSeconds * 1e6)} µs of CPU each`,
    );
}

function print(text: string): void {
  console.log(`\n${text}`);
}
