import { DigestTable } from '../check/digest-table.ts';
import { isSha256 } from '../digest.ts';
import { PublicationSchema } from '../publication/entry.ts';
import type { StrictReader } from './reader.ts';

const LOG_PREFIX = 'roadstead/publications/';
const NUMBERS_PREFIX = 'roadstead/published/';
const ENTRY_MAX_BYTES = 16 * 1024 * 1024;

/**
 * Every blob that was ever published: mirrors have it or fetch it, and its number stands, so it stays, also when no
 * repository refers to it any more.
 */
export async function markPublished(reader: StrictReader): Promise<DigestTable> {
  const published = new DigestTable();
  for await (const key of reader.keys(LOG_PREFIX)) {
    if (!key.endsWith('.json')) continue;
    const bytes = await reader.read(key, ENTRY_MAX_BYTES);
    const entry = bytes && parse(bytes);
    if (bytes && !entry) reader.note(`${key}: is no entry of the publication log`);
    for (const { digest } of Object.values(entry?.collections ?? {}).flat()) published.set(digest, 1);
  }
  for await (const key of reader.keys(NUMBERS_PREFIX)) {
    const [, algorithm, , hex] = key.slice(NUMBERS_PREFIX.length).split('/');
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
