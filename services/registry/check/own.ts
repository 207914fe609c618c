import { verifyAudit } from '../audit/verify.ts';
import {
  auditRecordKey,
  BLOBS_PREFIX,
  BOARDS_PREFIX,
  DISTRIBUTION_PREFIX,
  OWN_PREFIX,
  READ_ONLY_KEY,
  REPOSITORIES_PREFIX,
} from '../storage/layout.ts';
import { nodeOfDoubts } from '../storage/layout-read.ts';
import { readNotice } from '../storage/read-only.ts';
import { type Scope, strayFinding } from './area.ts';
import { checkCredentials } from './credentials.ts';
import { type Finding, finding } from './finding.ts';
import { checkPublishers } from './publishers.ts';
import { checkQuarantine } from './quarantine.ts';
import { checkTokenKeys } from './token-keys.ts';

const OURS = new Set([
  'audit/',
  'backup.json',
  'boards/',
  'credentials/',
  'garbage/',
  'keys/',
  'mirrors/',
  'notifications/',
  'publications/',
  'published/',
  'publishers/',
  'read-only.json',
]);
/** What versions before the boards wrote, a folder for each mirror; the store may keep it. */
const OLDER_LEDGER = /^[a-z0-9-]{1,64}\/\d{10}\.json$/;
const OF_BOARDS = /^(?:\d{1,3}\/\d{10}\.json|missing\/[a-z0-9-]{1,64}\/\d{10}-\d{10}\.json|wanted\.json)$/;

/** Everything except repositories, blobs and the log: nothing unknown, and the switch can be read. */
export async function* checkRest(scope: Scope): AsyncGenerator<Finding> {
  const { reader } = scope;
  for await (const key of reader.below(DISTRIBUTION_PREFIX))
    if (key !== BLOBS_PREFIX && key !== REPOSITORIES_PREFIX && !reader.unlisted.has(key))
      yield strayFinding(key);
  for await (const key of reader.below(OWN_PREFIX))
    if (!OURS.has(key.slice(OWN_PREFIX.length)) && !reader.unlisted.has(key)) yield strayFinding(key);
  for await (const key of reader.keys(BOARDS_PREFIX))
    if (!OF_BOARDS.test(key.slice(BOARDS_PREFIX.length))) yield strayFinding(key);
  const ledgers = `${OWN_PREFIX}mirrors/`;
  for await (const key of reader.keys(ledgers))
    if (!OLDER_LEDGER.test(key.slice(ledgers.length)) && nodeOfDoubts(key) === undefined)
      yield strayFinding(key);
  yield* checkPublishers(scope);
  yield* checkQuarantine(scope);
  yield* checkTokenKeys(scope);
  yield* checkCredentials(scope);
  yield* await reader.twice(() => checkNotice(reader.objects));
}

/** The audit record: its chain has no gap, and every record is as it was written. */
export async function* checkAudit({ reader, sealer }: Scope): AsyncGenerator<Finding> {
  const { faults, records } = await verifyAudit(reader.objects, { sealer });
  reader.objectsRead += records;
  for (const { kind, seq, message, key } of faults)
    yield key === undefined
      ? finding(kind === 'removed' ? 'audit-gap' : 'audit-broken', { key: auditRecordKey(seq), seq }, message)
      : strayFinding(key);
}

async function checkNotice(objects: Scope['reader']['objects']): Promise<Finding[]> {
  const place = { key: READ_ONLY_KEY };
  try {
    const notice = await readNotice(objects);
    if (notice === undefined) return [];
    const { since, by, reason } = notice;
    return [finding('writes-off', place, `Writes are off since ${since}, by ${by}: ${reason}`)];
  } catch {
    return [finding('notice-malformed', place, 'The switch of writes cannot be read, so no node can start')];
  }
}
