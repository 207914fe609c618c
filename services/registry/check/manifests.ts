import { algorithmOf, type Digest, digestBy, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES } from '../oci/manifest.ts';
import { blobDataKey, revisionsPrefix } from '../storage/layout.ts';
import { recordOf } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { type Finding, finding, type Place } from './finding.ts';
import { checkReferences } from './references.ts';

/** The links that say which manifests a repository has, the manifests' bytes, and all that they name. */
export function checkManifests(area: Area): AsyncGenerator<Finding> {
  const { name } = area;
  const { reader } = area.scope;
  const prefix = revisionsPrefix(name);
  return reader.each(reader.keys(prefix), async (key) => {
    const record = recordOf(key);
    if (record?.kind !== 'revision') return [strayFinding(key, name)];
    const { named } = record;
    const place = { key, repository: name, digest: named };
    const stored = await reader.link(key);
    if (stored === undefined) return [];
    if (isSha256(named)) area.foundRevision(named);
    if (stored === 'malformed' || !isSha256(stored))
      return [finding('link-malformed', place, 'The link to a manifest holds no sha256 digest')];
    return isSha256(named)
      ? checkFirstName(area, place, named, stored)
      : checkSecondName(area, place, named, stored);
  });
}

async function checkFirstName(
  area: Area,
  place: Place,
  named: Sha256Digest,
  stored: Sha256Digest,
): Promise<Finding[]> {
  if (stored !== named) return [finding('link-elsewhere', place, `The link leads to ${stored}`)];
  const { reader, blobs } = area.scope;
  const manifest = await reader.manifest(stored);
  const at = { ...place, key: blobDataKey(stored) };
  if (!('fault' in manifest)) {
    blobs.use(stored);
    return checkReferences(area, place, manifest);
  }
  const { fault, actual } = manifest;
  if (fault === 'absent')
    return [
      finding('revision-without-data', place, 'The link leads to a manifest whose bytes are not there'),
    ];
  blobs.use(stored);
  if (fault === 'too-large')
    return [finding('manifest-unreadable', place, 'The bytes are too many for a manifest')];
  return fault === 'damaged'
    ? [finding('manifest-damaged', at, `The bytes of the manifest are ${actual}`)]
    : [finding('manifest-unreadable', at, 'The bytes of the manifest are not a JSON object')];
}

/** A manifest pushed by SHA-512 lies under its SHA-256, and has links under both. */
async function checkSecondName(
  area: Area,
  place: Place,
  named: Digest,
  stored: Sha256Digest,
): Promise<Finding[]> {
  if (!(await area.hasRevision(stored)))
    return [finding('second-name-stale', place, `The link leads to ${stored}, which the repository lacks`)];
  const bytes = await area.scope.reader.read(blobDataKey(stored), MANIFEST_MAX_BYTES);
  // Reported under its first name.
  if (bytes === undefined || bytes === 'too-large' || digestBy('sha256', bytes) !== stored) return [];
  const actual = digestBy(algorithmOf(named), bytes);
  if (actual === named) return [];
  return [finding('link-elsewhere', place, `The link leads to ${stored}, whose bytes are ${actual}`)];
}
