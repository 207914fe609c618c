import { checkStore } from '../../services/registry/check/check.ts';
import type { Finding, FindingKind } from '../../services/registry/check/finding.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { algorithmOf, type Digest, digestBy } from '../../services/registry/oci/digest.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { messageOf } from './client.ts';

/**
 * Warnings that a death may leave by design, and why each is harmless. Everything else that a check warns of, and every
 * error, is a fault.
 */
export const LEFT_BY_DESIGN: Partial<Record<FindingKind, string>> = {
  'number-missing': 'a blob without a number is served from here; the next node or publication completes it',
  'upload-start-unknown': 'an upload is forgotten by its start first: what is left of it is nobody’s',
  'tag-not-promoted':
    'the promotion was not acknowledged, or the release service moves the tag when it starts',
};

/** Those of them that are still there when all that was asked for has been done: a purge of uploads clears them away. */
export const LEFT_FOR_GOOD: Partial<Record<FindingKind, string>> = {
  'upload-start-unknown': 'whoever pushes again begins another upload',
};

/** What is wrong with a store, a line each: none in one that is sound. */
export async function faultsOf(
  objects: ObjectStore,
  allowed: Partial<Record<FindingKind, string>> = LEFT_BY_DESIGN,
): Promise<string[]> {
  const findings: Finding[] = [];
  for await (const found of checkStore(objects, { deep: true, isStable }).findings) findings.push(found);
  const faults = findings.filter(({ severity, kind }) => severity !== 'info' && !(kind in allowed));
  return [
    ...faults.map(({ kind, key, message }) => `check: ${kind} at ${key}: ${message}`),
    ...(await incomplete(objects)),
  ];
}

/** As the configuration of `process.ts` has it. */
function isStable(name: RepositoryName): boolean {
  return !name.startsWith('candidate/');
}

/** What is listed and cannot be pulled as a whole, byte for byte. */
async function incomplete(objects: ObjectStore): Promise<string[]> {
  const content = contentOf(objects);
  const faults: string[] = [];
  for await (const name of content.catalog.all()) {
    const { tags } = await content.tags.list(name, { last: undefined, limit: 1000 });
    for (const tag of tags) {
      try {
        const target = await content.tags.target(name, tag);
        if (target === undefined) faults.push(`${name}:${tag} is listed, and names nothing`);
        else faults.push(...(await unpullable(content, name, target.digest, `${name}:${tag}`)));
      } catch (error) {
        faults.push(`${name}:${tag} cannot be read: ${messageOf(error)}`);
      }
    }
  }
  return faults;
}

async function unpullable(
  content: ReturnType<typeof contentOf>,
  name: RepositoryName,
  digest: Digest,
  from: string,
): Promise<string[]> {
  const manifest = await content.manifests.get(name, digest);
  if (manifest === undefined) return [`${from}: the manifest ${digest} is not there`];
  const faults: string[] = [];
  for (const { digest: named, sizeBytes } of manifest.blobs) {
    const stat = await content.blobs.stat(name, named);
    const bytes = stat && (await content.blobs.read(stat.digest, 1 << 24));
    if (bytes === undefined) faults.push(`${from}: the blob ${named} is not there`);
    else if (bytes.length !== sizeBytes || digestBy(algorithmOf(named), bytes) !== named)
      faults.push(`${from}: the blob ${named} has other bytes`);
  }
  for (const child of manifest.manifests)
    faults.push(...(await unpullable(content, name, child.digest, from)));
  const { referrers } = await content.referrers.list(name, manifest.digest, {
    ...{ artifactType: undefined, last: undefined, limit: 1000 },
  });
  for (const referrer of referrers)
    faults.push(...(await unpullable(content, name, referrer.digest, `${from}, attached`)));
  return faults;
}
