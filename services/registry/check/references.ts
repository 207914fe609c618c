import { namesOf } from '../content/manifests.ts';
import type { Digest, Sha256Digest } from '../oci/digest.ts';
import { type Descriptor, type Manifest, mayBeBlob } from '../oci/manifest.ts';
import { requiredChildren } from '../oci/manifest-rules.ts';
import { blobDataKey, layerLinkKey, referrerKey } from '../storage/layout.ts';
import type { Area } from './area.ts';
import { type Finding, finding, type Place } from './finding.ts';

/** All that a manifest names: its blobs, what an index lists, its subject's record. `place` is its own. */
export async function checkReferences(area: Area, place: Place, manifest: Manifest): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const blob of distinct(manifest.blobs)) findings.push(...(await checkBlob(area, place, blob)));
  // Layers that may be absent are checked only where they are here.
  for (const blob of distinct(manifest.foreign))
    if (await isHere(area, blob)) findings.push(...(await checkBlob(area, place, blob)));
  const required = new Set(requiredChildren(area.scope.rules, manifest).map(({ digest }) => digest));
  for (const child of distinct(manifest.manifests)) {
    if (mayBeBlob(child) && (await linkedBlob(area, child)) !== undefined) {
      findings.push(...(await checkBlob(area, place, child)));
      continue;
    }
    if (await hasManifest(area, child.digest)) continue;
    const isRequired = required.has(child.digest);
    const meaning = `The index names ${child.digest}, which the repository lacks`;
    findings.push(finding(isRequired ? 'child-missing' : 'child-absent', place, meaning));
  }
  if (manifest.subject && !(await isRecorded(area, manifest, manifest.subject.digest)))
    findings.push(
      finding(
        'referrer-unrecorded',
        place,
        `The manifest names ${manifest.subject.digest} as its subject, of which there is no record`,
      ),
    );
  return findings;
}

/** Whether the repository has the manifest, under whichever name. */
export async function hasManifest(area: Area, digest: Digest): Promise<boolean> {
  // A malformed link is reported where it lies.
  return (await area.stored('revision', digest)) !== undefined;
}

/** Where the blob lies that the repository has a link to; undefined without a link that leads anywhere. */
async function linkedBlob(area: Area, { digest }: Descriptor): Promise<Sha256Digest | undefined> {
  const stored = await area.stored('layer', digest);
  return stored === 'malformed' ? undefined : stored;
}

async function isHere(area: Area, blob: Descriptor): Promise<boolean> {
  const stored = await linkedBlob(area, blob);
  return stored !== undefined && (await area.scope.blobs.sizeBytes(stored)) !== undefined;
}

async function checkBlob(
  area: Area,
  { digest: by, ...place }: Place,
  { digest, sizeBytes }: Descriptor,
): Promise<Finding[]> {
  const { blobs } = area.scope;
  const stored = await area.stored('layer', digest);
  if (stored === 'malformed') return [];
  if (stored === undefined)
    return [
      finding(
        'blob-not-linked',
        { ...place, key: layerLinkKey(area.name, digest), digest },
        `The manifest ${by} names ${digest}, which the repository lacks`,
      ),
    ];
  const actualBytes = await blobs.sizeBytes(stored);
  blobs.use(stored);
  const at = { ...place, key: blobDataKey(stored), digest: stored };
  if (actualBytes === undefined)
    return [finding('layer-without-data', at, `The manifest ${by} needs a blob whose bytes are not there`)];
  // As when it is pushed, 0 states nothing.
  if (!sizeBytes || actualBytes === sizeBytes) return [];
  const sizes = `the blob has ${actualBytes} bytes, and ${sizeBytes} by the manifest ${by}`;
  return [finding('size-differs', at, `The sizes differ: ${sizes}`)];
}

async function isRecorded(area: Area, manifest: Manifest, subject: Digest): Promise<boolean> {
  for (const name of namesOf(manifest))
    if (await area.scope.reader.stat(referrerKey(area.name, subject, name))) return true;
  return false;
}

function distinct<T extends Descriptor>(descriptors: readonly T[]): T[] {
  return [...new Map(descriptors.map((each) => [each.digest, each])).values()];
}
