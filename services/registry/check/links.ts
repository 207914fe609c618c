import { algorithmOf, type Digest, digestBy, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { blobDataKey, layerLinkKey, revisionsPrefix } from '../storage/layout.ts';
import { partPrefix, recordOf } from '../storage/layout-read.ts';
import { type Area, type LinkKind, strayFinding } from './area.ts';
import { checkBytes } from './blobs.ts';
import { type Finding, finding, type Place } from './finding.ts';
import { checkReferences } from './references.ts';

/**
 * The links that say which blobs or manifests a repository has; of manifests their bytes, and all that they name, too.
 */
export function checkLinks(area: Area, kind: LinkKind): AsyncGenerator<Finding> {
  const { name, scope } = area;
  const { reader } = scope;
  const prefix = kind === 'layer' ? partPrefix(name, '_layers') : revisionsPrefix(name);
  const reads = kind === 'layer' && readsBlobs(area) ? 'whole' : 'small';
  return reader.each(reader.keys(prefix), (key) => checkLink(area, key), reads);
}

/** Links whose blob is not there, and which no manifest was found to need: what garbage collection leaves. */
export function* unusedLayerLinks({ name, dataless }: Area): Generator<Finding> {
  for (const [digest, isNeeded] of dataless.entries())
    if (isNeeded === 0)
      yield finding(
        'layer-link-unused',
        { key: layerLinkKey(name, digest), repository: name, digest },
        'The link leads to a blob that is not there',
      );
}

async function checkLink(area: Area, key: string): Promise<Finding[]> {
  const record = recordOf(key);
  if (record?.kind !== 'layer' && record?.kind !== 'revision') return [strayFinding(key, area.name)];
  const { kind, named } = record;
  const place = { key, repository: area.name, digest: named };
  const stored = await area.scope.reader.link(key);
  if (stored === undefined) return [];
  if (isSha256(named)) area.found(kind, named);
  if (stored === 'malformed' || !isSha256(stored)) {
    const what = kind === 'layer' ? 'blob' : 'manifest';
    return [finding('link-malformed', place, `The link to a ${what} holds no sha256 digest`)];
  }
  if (!isSha256(named)) return checkSecondName(area, kind, place, named, stored);
  if (stored !== named) return [finding('link-elsewhere', place, `The link leads to ${stored}`)];
  return kind === 'layer' ? checkLayer(area, stored) : checkManifest(area, place, stored);
}

async function checkLayer(area: Area, stored: Sha256Digest): Promise<Finding[]> {
  // Whether that matters depends on the manifests.
  if ((await area.scope.blobs.sizeBytes(stored)) === undefined) area.dataless.set(stored, 0);
  else if (readsBlobs(area)) return checkBytes(area.scope, stored);
  return [];
}

async function checkManifest(area: Area, place: Place, stored: Sha256Digest): Promise<Finding[]> {
  const { reader, blobs } = area.scope;
  const manifest = await reader.manifest(stored);
  const { fault, actual } = 'fault' in manifest ? manifest : {};
  if (fault === 'absent')
    return [
      finding('revision-without-data', place, 'The link leads to a manifest whose bytes are not there'),
    ];
  blobs.use(stored);
  const at = { ...place, key: blobDataKey(stored) };
  if (fault === 'too-large')
    return [finding('manifest-unreadable', place, 'The bytes are too many for a manifest')];
  if (fault === 'damaged')
    return [finding('manifest-damaged', at, `The bytes of the manifest are ${actual}`)];
  if ('fault' in manifest)
    return [finding('manifest-unreadable', at, 'The bytes of the manifest are not a JSON object')];
  return checkReferences(area, place, manifest);
}

/** Content pushed by SHA-512 is stored under its SHA-256, and has links under both. */
async function checkSecondName(
  area: Area,
  kind: LinkKind,
  place: Place,
  named: Digest,
  stored: Sha256Digest,
): Promise<Finding[]> {
  const { reader, deep } = area.scope;
  if (!(await area.has(kind, stored)))
    return [finding('second-name-stale', place, `The link leads to ${stored}, which the repository lacks`)];
  let actual: Digest | undefined;
  if (kind === 'layer') actual = deep ? await reader.digest(blobDataKey(stored), named) : undefined;
  else {
    const manifest = await reader.manifest(stored);
    // A fault is reported under its first name.
    if (!('fault' in manifest)) actual = digestBy(algorithmOf(named), manifest.bytes);
  }
  if (actual === undefined || actual === named) return [];
  return [finding('link-elsewhere', place, `The link leads to ${stored}, whose bytes are ${actual}`)];
}

/** Whether blobs are hashed where their links lie: where all are checked, they were hashed already. */
function readsBlobs({ scope: { deep, whole } }: Area): boolean {
  return deep && !whole;
}
