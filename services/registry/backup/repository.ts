import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { MANIFEST_MAX_BYTES, type Manifest } from '../oci/manifest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { readStoredManifest } from '../oci/stored-manifest.ts';
import { DigestTable } from '../storage/digest-table.ts';
import {
  blobDataKey,
  layerLinkKey,
  revisionLinkKey,
  revisionsPrefix,
  tagsPrefix,
} from '../storage/layout.ts';
import { isLeftover, partPrefix, recordOf } from '../storage/layout-read.ts';
import { listAll } from '../storage/object-store.ts';
import type { Copier } from './copier.ts';
import { isCopiedPart } from './kinds.ts';

/** How often a tag is copied again when what it names was deleted at the same time, and how long after. */
const TRIES_MAX = 10;
const PAUSE_MS = 200;
/** At most this many objects are deleted in one repository and run, which bounds memory; the next run continues. */
export const GONE_MAX = 100_000;
const LINK_MAX_BYTES = 1024;

const isCopied = (key: string) => !isLeftover(key);

/**
 * Copies what a repository has, but for blobs and uploads in progress. What refers is read before what it refers to: tags,
 * then records, then manifests, then links to blobs. So everything that a copied object names was there when it was read,
 * and is there later unless it is deleted in between; that is looked for, and such tags are read again.
 *
 * Then it deletes what was gone before the first of them was read. Nothing that was read later can refer to that. Returns
 * whether all of that was deleted.
 */
export async function copyRepository(
  copier: Copier,
  name: RepositoryName,
  { deletes }: { readonly deletes: boolean } = { deletes: true },
): Promise<boolean> {
  const gone = deletes ? await goneIn(copier, name) : [];
  const named = await copyTags(copier, name, deletes);
  await copier.copyBelow(partPrefix(name, '_roadstead'), { isWanted: isCopiedPart });
  const revisions = await copyRevisions(copier, name);
  await copier.copyBelow(partPrefix(name, '_layers'), { isWanted: isCopied });
  if (!copier.isDryRun) await refreshTags(copier, name, named, revisions);
  await copier.deleteGone(gone);
  return gone.length < GONE_MAX;
}

/** What only the target has, but for tags, in the order in which it may be deleted. */
async function goneIn(copier: Copier, name: RepositoryName): Promise<string[]> {
  let gone: string[] = [];
  const prefixes = [partPrefix(name, '_roadstead'), revisionsPrefix(name), partPrefix(name, '_layers')];
  // Listed the other way round: of what refers to something that is gone, nothing is there when it is listed later.
  for (const prefix of prefixes.toReversed()) {
    const found: string[] = [];
    for await (const { key, inSource } of copier.compare(prefix))
      if (!inSource && gone.length + found.length < GONE_MAX) found.push(key);
    gone = [...found, ...gone];
  }
  return gone;
}

/**
 * Copies tags; returns what they name now. A tag is several objects: one that is pushed or deleted at the same time may be
 * listed by half. Tags that only the target has are deleted there at once: nothing refers to a tag.
 */
async function copyTags(copier: Copier, name: RepositoryName, deletes: boolean): Promise<DigestTable> {
  const named = new DigestTable();
  const gone: string[] = [];
  const touched = new Set<string>();
  const vanished = new Set<string>();
  const tagOf = (key: string) => key.slice(tagsPrefix(name).length).split('/', 1)[0] ?? '';
  const note = (key: string, bytes: Buffer | undefined) => {
    const digest = bytes && digestIn(bytes);
    if (recordOf(key)?.kind !== 'tag') {
      if (bytes) touched.add(tagOf(key));
    } else if (digest) named.set(digest, 0);
  };
  await copier.copyBelow(tagsPrefix(name), {
    isWanted: isCopied,
    onSource: note,
    onVanished: (key) => vanished.add(tagOf(key)),
    onGone: (key) => {
      if (deletes && gone.length < GONE_MAX) gone.push(key);
    },
  });
  await copier.deleteGone(gone);
  if (copier.isDryRun) return named;
  for (const tag of new Set([...vanished, ...touched])) {
    const prefix = `${tagsPrefix(name)}${tag}/`;
    const current = `${prefix}current/link`;
    const isThere = (await copier.target.stat(current, copier.signal)) !== undefined;
    if (isThere && !vanished.has(tag)) continue;
    const bytes = await copier.copyOne(current, isThere);
    if (typeof bytes === 'object') note(current, bytes);
    else await deleteTag(copier, prefix);
  }
  return named;
}

/** Deletes a tag from the target, whatever there is left of it. */
async function deleteTag(copier: Copier, prefix: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of listAll(copier.target, { prefix }, copier.signal)) keys.push(key);
  await copier.delete(keys);
}

function digestIn(link: Buffer): Sha256Digest | undefined {
  const digest = link.toString('utf8').trim();
  return isSha256(digest) ? digest : undefined;
}

/**
 * Copies the links to manifests; returns their digests. They are listed in the order of their digests, so an index that is
 * pushed during the listing may be listed without its images. So what came late is listed again, and an index without an
 * image is left to the next run: no tag that was read before names it.
 */
async function copyRevisions(copier: Copier, name: RepositoryName): Promise<DigestTable> {
  const found = new DigestTable();
  const prefix = revisionsPrefix(name);
  await copier.copyBelow(prefix, {
    isWanted: isCopied,
    onSource: (key) => {
      const digest = revisionOf(key);
      if (digest) found.set(digest, 0);
    },
  });
  const newer = new Map<Sha256Digest, string>();
  for await (const { key, inSource } of copier.compare(prefix)) {
    const digest = revisionOf(key);
    if (inSource && digest && !found.has(digest)) newer.set(digest, key);
  }
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (const [digest] of newer) {
      const children = await childrenOf(copier, digest);
      if (children?.every((child) => !isSha256(child) || found.has(child) || newer.has(child))) continue;
      newer.delete(digest);
      isChanged = true;
    }
  }
  for (const [digest, key] of newer)
    if ((await copier.copyOne(key, false)) !== undefined) found.set(digest, 0);
  return found;
}

function revisionOf(key: string): Sha256Digest | undefined {
  const record = recordOf(key);
  return record?.kind === 'revision' && isSha256(record.named) ? record.named : undefined;
}

async function childrenOf({ source, signal }: Copier, digest: Sha256Digest): Promise<Digest[] | undefined> {
  const bytes = await source.read(blobDataKey(digest), MANIFEST_MAX_BYTES, signal);
  if (bytes === undefined) return undefined;
  return manifestIn(bytes, digest)?.manifests.map((child) => child.digest) ?? [];
}

/** Undefined if it is damaged in the source: that is for the check to say. */
function manifestIn(bytes: Buffer, digest: Sha256Digest): Manifest | undefined {
  try {
    return readStoredManifest(bytes, digest, digest);
  } catch {
    return undefined;
  }
}

/**
 * Copies the tags again whose manifests were deleted after the tags were read, each with its image at once. A tag that names
 * nothing each time is left out: it cannot be pulled from the source, either.
 */
async function refreshTags(
  copier: Copier,
  name: RepositoryName,
  named: DigestTable,
  revisions: DigestTable,
): Promise<void> {
  const dangling = new DigestTable();
  for (const digest of named) if (!revisions.has(digest)) dangling.set(digest, 0);
  if (dangling.size === 0) return;
  for await (const { key } of listAll(copier.target, { prefix: tagsPrefix(name) }, copier.signal)) {
    if (recordOf(key)?.kind !== 'tag') continue;
    const bytes = await copier.target.read(key, LINK_MAX_BYTES, copier.signal);
    const digest = bytes && digestIn(bytes);
    if (digest && dangling.has(digest)) await refreshTag(copier, name, key);
  }
}

async function refreshTag(copier: Copier, name: RepositoryName, key: string): Promise<void> {
  let digest: Sha256Digest | undefined;
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const bytes = await copier.copyOne(key, true);
    digest = typeof bytes === 'object' ? digestIn(bytes) : undefined;
    if (bytes === undefined) break;
    if (digest && (await copyImage(copier, name, digest))) return;
    await sleep(PAUSE_MS, undefined, copier.signal && { signal: copier.signal });
  }
  const prefix = key.slice(0, -'current/link'.length);
  await deleteTag(copier, prefix);
  const tag = prefix.slice(tagsPrefix(name).length, -1);
  if (digest)
    copier.progress.damage.push(`the tag ${name}:${tag} names ${digest}, which the repository lacks`);
}

/** Copies the links of one image; false if one of its manifests does not exist. */
async function copyImage(copier: Copier, name: RepositoryName, digest: Sha256Digest): Promise<boolean> {
  if ((await copier.copyOne(revisionLinkKey(name, digest), false)) === undefined) return false;
  const { source, signal } = copier;
  const bytes = await source.read(blobDataKey(digest), MANIFEST_MAX_BYTES, signal);
  if (bytes === undefined) return false;
  const manifest = manifestIn(bytes, digest);
  for (const child of manifest?.manifests ?? [])
    if (isSha256(child.digest) && !(await copyImage(copier, name, child.digest))) return false;
  for (const blob of manifest?.blobs ?? []) await copier.copyOne(layerLinkKey(name, blob.digest), false);
  return true;
}
