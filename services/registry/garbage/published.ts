import { type Digest, isSha256 } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { mayBeOpen } from '../publishing/promotion/open.ts';
import {
  PUBLICATION_MAX_BYTES,
  type Publication,
  PublicationSchema,
} from '../publishing/publication/entry.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { PUBLICATIONS_PREFIX, PUBLISHED_PREFIX, tagIndexKey } from '../storage/layout.ts';
import type { StrictReader } from './reader.ts';

/** What the publication log keeps. */
export interface Published {
  /**
   * Every blob that was ever published: mirrors have it or fetch it, and its number stands, so it stays, also when no
   * repository refers to it any more.
   */
  readonly blobs: DigestTable;
  /** Manifests of promotions that may be waiting for mirrors, before their tags move. */
  readonly open: ReadonlySet<Digest>;
}

/** Reads the whole log. */
export async function readPublished(reader: StrictReader, nowMs: number): Promise<Published> {
  const published = new DigestTable();
  const open = new Map<string, Set<Digest>>();
  for await (const key of reader.keys(PUBLICATIONS_PREFIX)) {
    if (!key.endsWith('.json')) continue;
    const bytes = await reader.read(key, PUBLICATION_MAX_BYTES);
    const entry = bytes && parse(bytes);
    if (bytes && !entry) reader.note(`${key}: is no entry of the publication log`);
    for (const { digest } of Object.values(entry?.collections ?? {}).flat()) published.set(digest, 1);
    if (!entry || !mayBeOpen(entry, nowMs)) continue;
    const target = `${entry.target.repository}:${entry.target.tag}`;
    // Tags move in turn: an earlier promotion has had its turn, or never will. A collection that was broken off may have
    // taken its entry out of the history already.
    if (await wasTagged(reader, entry)) open.delete(target);
    else open.set(target, (open.get(target) ?? new Set<Digest>()).add(entry.manifestDigest));
  }
  for await (const key of reader.keys(PUBLISHED_PREFIX)) {
    const [, algorithm, , hex] = key.slice(PUBLISHED_PREFIX.length).split('/');
    const digest = `${algorithm}:${hex}`;
    if (isSha256(digest)) published.set(digest, 1);
  }
  return { blobs: published, open: new Set([...open.values()].flatMap((digests) => [...digests])) };
}

/** Whether the tag has moved: its history tells, where it was not deleted since. */
async function wasTagged(
  { objects }: StrictReader,
  { target, manifestDigest }: Publication,
): Promise<boolean> {
  const [repository, tag] = [target.repository as RepositoryName, target.tag as Tag];
  return (await objects.stat(tagIndexKey(repository, tag, manifestDigest))) !== undefined;
}

function parse(bytes: Buffer) {
  try {
    return PublicationSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
