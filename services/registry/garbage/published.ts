import { DigestTable } from '../check/digest-table.ts';
import { isSha256 } from '../digest.ts';
import { PUBLICATIONS_PREFIX, PUBLISHED_PREFIX } from '../layout.ts';
import { PUBLICATION_MAX_BYTES, PublicationSchema } from '../publication/entry.ts';
import type { StrictReader } from './reader.ts';

/**
 * Every blob that was ever published: mirrors have it or fetch it, and its number stands, so it stays, also when no
 * repository refers to it any more.
 */
export async function markPublished(reader: StrictReader): Promise<DigestTable> {
  const published = new DigestTable();
  for await (const key of reader.keys(PUBLICATIONS_PREFIX)) {
    if (!key.endsWith('.json')) continue;
    const bytes = await reader.read(key, PUBLICATION_MAX_BYTES);
    const entry = bytes && parse(bytes);
    if (bytes && !entry) reader.note(`${key}: is no entry of the publication log`);
    for (const { digest } of Object.values(entry?.collections ?? {}).flat()) published.set(digest, 1);
  }
  for await (const key of reader.keys(PUBLISHED_PREFIX)) {
    const [, algorithm, , hex] = key.slice(PUBLISHED_PREFIX.length).split('/');
    const digest = `${algorithm}:${hex}`;
    if (isSha256(digest)) published.set(digest, 1);
  }
  return published;
}

function parse(bytes: Buffer) {
  try {
    return PublicationSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
