import {
  ANNOUNCED_PREFIX,
  announcedKey,
  GARBAGE_PREFIX,
  isListName,
  listKey,
  QUARANTINE_PREFIX,
  REQUEST_KEY,
} from '../content/quarantine/keys.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';

/** What lies below {@link GARBAGE_PREFIX}. */
const PARTS = new Set([
  ...['announced/', 'deleting/', 'facts/', 'quarantine/', 'rescued/', 'scan/', 'suspects/', 'worker/'],
  REQUEST_KEY.slice(GARBAGE_PREFIX.length),
]);
/** Where nobody sets it longer, quarantine has long been over by then. */
const LONG_MS = 30 * 24 * 3_600_000;
const TIME_MAX_BYTES = 100;

/** What the collector that works while others write keeps: nothing unknown, and nothing that it has forgotten. */
export async function* checkQuarantine({ reader, now }: Scope): AsyncGenerator<Finding> {
  for await (const key of reader.below(GARBAGE_PREFIX))
    if (!PARTS.has(key.slice(GARBAGE_PREFIX.length))) yield strayFinding(key);
  for await (const key of reader.keys(QUARANTINE_PREFIX)) {
    const list = key.slice(QUARANTINE_PREFIX.length);
    if (!isListName(list)) {
      yield strayFinding(key);
      continue;
    }
    const bytes = await reader.read(announcedKey(list), TIME_MAX_BYTES);
    const since = bytes === undefined || bytes === 'too-large' ? Number.NaN : Number(bytes.toString('ascii'));
    if (now.getTime() - since < LONG_MS || !(await reader.stat(listKey(list)))) continue;
    const meaning = Number.isNaN(since)
      ? 'It is not known since when the content of this list is in quarantine'
      : `The content of this list is in quarantine since ${new Date(since).toISOString()}`;
    yield finding('quarantine-forgotten', { key }, meaning);
  }
  for await (const key of reader.keys(ANNOUNCED_PREFIX))
    if (!isListName(key.slice(ANNOUNCED_PREFIX.length))) yield strayFinding(key);
}
