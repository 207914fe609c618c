import { type Digest, isSha256 } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES } from '../oci/manifest.ts';
import { ReferrerRecord } from '../oci/referrer.ts';
import { readStoredManifest } from '../oci/stored-manifest.ts';
import { blobDataKey, revisionLinkKey } from '../storage/layout.ts';
import { digestOfPath, partPrefix } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { type Finding, finding, type Place } from './finding.ts';

const OTHER_RECORDS = [
  /^(?:claims|turns)\/[\w][\w.-]{0,127}\/\d{12}$/,
  /^tag-names\/[\w][\w.-]{0,127}$/,
  /^keepers\/sha256\/[0-9a-f]{64}\/link$/,
];

/** What the registry itself keeps in a repository: records of referrers, and of tags' claims, turns and names. */
export function checkOwnRecords(area: Area): AsyncGenerator<Finding> {
  const { look } = area.scope;
  const prefix = partPrefix(area.name, '_roadstead');
  return look.each(look.keys(prefix), async (key) => {
    const path = key.slice(prefix.length);
    if (OTHER_RECORDS.some((pattern) => pattern.test(path))) return [];
    const [, subject = '', by = ''] = /^referrers\/([^/]+\/[^/]+)\/([^/]+\/[^/]+)$/.exec(path) ?? [];
    const [of, digest] = [digestOfPath(subject), digestOfPath(by)];
    if (of === undefined || digest === undefined) return [strayFinding(key, area.name)];
    return checkRecord(area, { key, repository: area.name, digest }, of, digest);
  });
}

async function checkRecord(area: Area, place: Place, subject: Digest, digest: Digest): Promise<Finding[]> {
  const { look } = area.scope;
  const bytes = await look.read(place.key, MANIFEST_MAX_BYTES);
  if (bytes === undefined) return [];
  if (bytes === 'too-large' || !isRecord(bytes))
    return [finding('referrer-malformed', place, `The record of a referrer of ${subject} cannot be read`)];
  const actual = await subjectOf(area, digest);
  if (actual === 'absent')
    return [finding('referrer-stale', place, `The repository lacks this referrer of ${subject}`)];
  if (actual === 'unreadable' || actual === subject) return [];
  const meaning = `It is recorded as a referrer of ${subject}, and names ${actual ?? 'no subject'}`;
  return [finding('referrer-elsewhere', place, meaning)];
}

function isRecord(bytes: Buffer): boolean {
  try {
    return ReferrerRecord.safeParse(JSON.parse(bytes.toString('utf8'))).success;
  } catch {
    return false;
  }
}

/** The subject that a manifest of the repository names. What cannot be read is told with the manifests. */
async function subjectOf(
  { scope: { look }, name }: Area,
  digest: Digest,
): Promise<Digest | undefined | 'absent' | 'unreadable'> {
  const named = await look.link(revisionLinkKey(name, digest));
  if (named === undefined || named === 'malformed' || !isSha256(named))
    return named === undefined ? 'absent' : 'unreadable';
  if (!isSha256(digest) && !(await look.stat(revisionLinkKey(name, named)))) return 'absent';
  const bytes = await look.read(blobDataKey(named), MANIFEST_MAX_BYTES);
  if (bytes === undefined || bytes === 'too-large') return 'unreadable';
  try {
    return readStoredManifest(bytes, digest, named).subject?.digest;
  } catch {
    return 'unreadable';
  }
}
