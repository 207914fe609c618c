import { type Digest, isSha256 } from '../oci/digest.ts';
import { isTag, type RepositoryName } from '../oci/names.ts';
import { revisionLinkKey, revisionsPrefix, tagsPrefix } from '../storage/layout.ts';
import { digestOfLink, digestOfPath, partPrefix } from '../storage/layout-read.ts';
import type { RepositoryGarbage } from './garbage.ts';
import { type MarkOptions, type Revisions, Standing } from './mark.ts';
import type { StrictReader } from './reader.ts';

type Records = Omit<RepositoryGarbage, 'layers'>;

/**
 * What a repository says of manifests that go, or have gone: their links and the tags' history only with
 * `deleteUntagged`, records of referrers in any case.
 */
export async function uselessRecords(
  reader: StrictReader,
  name: RepositoryName,
  revisions: Revisions,
  options: MarkOptions,
): Promise<Records> {
  const isKept = async (digest: Digest): Promise<boolean> => {
    const stored = await reader.stored(digest, revisionLinkKey(name, digest));
    return stored !== undefined && revisions.get(stored) === Standing.kept;
  };
  const referrers = await uselessReferrers(reader, name, isKept, options);
  if (!options.deleteUntagged) return { name, manifests: [], history: [], referrers };
  return {
    name,
    manifests: await uselessManifests(reader, name, isKept),
    history: await uselessHistory(reader, name, isKept),
    referrers,
  };
}

type IsKept = (digest: Digest) => Promise<boolean>;

async function uselessManifests(
  reader: StrictReader,
  name: RepositoryName,
  isKept: IsKept,
): Promise<Digest[]> {
  const prefix = revisionsPrefix(name);
  const useless: Digest[] = [];
  for await (const key of reader.keys(prefix)) {
    const digest = digestOfLink(key, prefix);
    if (digest && !(await isKept(digest))) useless.push(digest);
  }
  // The link that decides goes first.
  return [...useless.filter(isSha256), ...useless.filter((digest) => !isSha256(digest))];
}

async function uselessHistory(
  reader: StrictReader,
  name: RepositoryName,
  isKept: IsKept,
): Promise<Records['history']> {
  const prefix = tagsPrefix(name);
  const useless = [];
  for await (const key of reader.keys(prefix)) {
    const tag = key.slice(prefix.length, key.indexOf('/', prefix.length));
    const digest = digestOfLink(key, `${prefix}${tag}/index/`);
    if (digest && isTag(tag) && !(await isKept(digest))) useless.push({ tag, digest });
  }
  return useless;
}

async function uselessReferrers(
  reader: StrictReader,
  name: RepositoryName,
  isKept: IsKept,
  { youngerThan }: MarkOptions,
): Promise<Records['referrers']> {
  const prefix = partPrefix(name, '_roadstead/referrers');
  const useless = [];
  for await (const key of reader.keys(prefix)) {
    const [algorithm, hex, ...rest] = key.slice(prefix.length).split('/');
    const [subject, digest] = [digestOfPath(`${algorithm}/${hex}`), digestOfPath(rest.join('/'))];
    if (subject === undefined || digest === undefined || (await isKept(digest))) continue;
    const stat = await reader.objects.stat(key);
    // Records are written before the links of their manifests.
    if (stat && (stat.modifiedAt <= youngerThan || (await isDoomed(reader, name, digest))))
      useless.push({ subject, digest });
  }
  return useless;
}

/** Whether the manifest is there, and so goes: what is kept was passed over. */
async function isDoomed(reader: StrictReader, name: RepositoryName, digest: Digest): Promise<boolean> {
  return (await reader.objects.stat(revisionLinkKey(name, digest))) !== undefined;
}
