import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { blobDataKey, layerLinkKey } from '../storage/layout.ts';
import { partPrefix, recordOf } from '../storage/layout-read.ts';
import { type Area, strayFinding } from './area.ts';
import { checkBytes } from './blobs.ts';
import { type Finding, finding } from './finding.ts';

/** The links that say which blobs a repository has. */
export async function* checkLayers(area: Area): AsyncGenerator<Finding> {
  const { name } = area;
  const { reader, deep, whole } = area.scope;
  const prefix = partPrefix(name, '_layers');
  yield* reader.each(
    reader.keys(prefix),
    async (key) => {
      const record = recordOf(key);
      if (record?.kind !== 'layer') return [strayFinding(key, name)];
      const { named } = record;
      return isSha256(named) ? checkFirstName(area, key, named) : checkSecondName(area, key, named);
    },
    deep && !whole ? 'whole' : 'small',
  );
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

async function checkFirstName(area: Area, key: string, named: Sha256Digest): Promise<Finding[]> {
  const { reader, blobs, deep, whole } = area.scope;
  const place = { key, repository: area.name, digest: named };
  const stored = await reader.link(key);
  if (stored === undefined) return [];
  area.foundLayer(named);
  if (stored === 'malformed' || !isSha256(stored))
    return [finding('link-malformed', place, 'The link to a blob holds no sha256 digest')];
  if (stored !== named) return [finding('link-elsewhere', place, `The link leads to ${stored}`)];
  // Whether that matters depends on the manifests.
  if ((await blobs.sizeBytes(stored)) === undefined) area.dataless.set(stored, 0);
  else if (deep && !whole) return checkBytes(area.scope, stored);
  return [];
}

/** A blob pushed by SHA-512 lies under its SHA-256, and has links under both. */
async function checkSecondName(area: Area, key: string, named: Digest): Promise<Finding[]> {
  const { reader, deep } = area.scope;
  const place = { key, repository: area.name, digest: named };
  const stored = await reader.link(key);
  if (stored === undefined) return [];
  if (stored === 'malformed' || !isSha256(stored))
    return [finding('link-malformed', place, 'The link to a blob holds no sha256 digest')];
  if (!(await area.hasLayer(stored)))
    return [finding('second-name-stale', place, `The link leads to ${stored}, which the repository lacks`)];
  const actual = deep ? await reader.digest(blobDataKey(stored), named) : undefined;
  if (actual === undefined || actual === named) return [];
  return [finding('link-elsewhere', place, `The link leads to ${stored}, whose bytes are ${actual}`)];
}
