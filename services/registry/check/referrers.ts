import { type Digest, isSha256 } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES } from '../oci/manifest.ts';
import { ReferrerRecord } from '../oci/referrer.ts';
import { tryParseJson } from '../storage/json.ts';
import { revisionLinkKey } from '../storage/layout.ts';
import { partPrefix, recordOf } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { type Finding, finding, type Place } from './finding.ts';

const OTHER_RECORDS = [
  /^changes\/\d{12}$/,
  /^brought\/sha256\/[0-9a-f]{64}$/,
  // Claims are what earlier versions left.
  /^(?:claims|turns)\/[\w][\w.-]{0,127}\/\d{12}$/,
  /^tag-names\/[\w][\w.-]{0,127}$/,
];

/**
 * What the registry itself keeps in a repository: records of referrers, turns, tickets of promotions, what these brought,
 * and tags' names.
 */
export function checkOwnRecords(area: Area): AsyncGenerator<Finding> {
  const { reader } = area.scope;
  const prefix = partPrefix(area.name, '_roadstead');
  return reader.each(reader.keys(prefix), async (key) => {
    if (OTHER_RECORDS.some((pattern) => pattern.test(key.slice(prefix.length)))) return [];
    const record = recordOf(key);
    if (record?.kind === 'keeper' && isSha256(record.named)) return [];
    if (record?.kind !== 'referrer') return [strayFinding(key, area.name)];
    const { subject, named } = record;
    return checkRecord(area, { key, repository: area.name, digest: named }, subject, named);
  });
}

async function checkRecord(area: Area, place: Place, subject: Digest, digest: Digest): Promise<Finding[]> {
  const { reader } = area.scope;
  const bytes = await reader.read(place.key, MANIFEST_MAX_BYTES);
  if (bytes === undefined) return [];
  if (bytes === 'too-large' || tryParseJson(ReferrerRecord, bytes) === undefined)
    return [finding('referrer-malformed', place, `The record of a referrer of ${subject} cannot be read`)];
  const actual = await subjectOf(area, digest);
  if (actual === 'absent')
    return [finding('referrer-stale', place, `The repository lacks this referrer of ${subject}`)];
  if (actual === 'unreadable' || actual === subject) return [];
  const meaning = `It is recorded as a referrer of ${subject}, and names ${actual ?? 'no subject'}`;
  return [finding('referrer-elsewhere', place, meaning)];
}

/** The subject that a manifest of the repository names. What cannot be read is reported with the manifests. */
async function subjectOf(
  { scope: { reader }, name }: Area,
  digest: Digest,
): Promise<Digest | undefined | 'absent' | 'unreadable'> {
  const named = await reader.link(revisionLinkKey(name, digest));
  if (named === undefined || named === 'malformed' || !isSha256(named))
    return named === undefined ? 'absent' : 'unreadable';
  if (!isSha256(digest) && !(await reader.stat(revisionLinkKey(name, named)))) return 'absent';
  const manifest = await reader.manifest(named);
  return 'fault' in manifest ? 'unreadable' : manifest.subject?.digest;
}
