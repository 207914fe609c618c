import { isSha256, type Sha256Digest } from '../oci/digest.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { PUBLISHED_PREFIX, publicationNumberKey } from '../storage/layout.ts';
import { type Scope, strayFinding } from './area.ts';
import { type Finding, finding } from './finding.ts';
import { type Published, readEntry } from './publications.ts';

/** The publication numbers, derived from the log: each published blob has its own, and no other blob has any. */
export async function* checkPublicationNumbers(scope: Scope, published: Published): AsyncGenerator<Finding> {
  const { reader } = scope;
  const seen = new Map<string, DigestTable>();
  yield* reader.each(reader.keys(PUBLISHED_PREFIX), async (key) => {
    const [collection = '', algorithm, , hex] = key.slice(PUBLISHED_PREFIX.length).split('/');
    const digest = `${algorithm}:${hex}`;
    if (!isSha256(digest) || key !== publicationNumberKey(collection, digest)) return [strayFinding(key)];
    const table = seen.get(collection) ?? new DigestTable();
    seen.set(collection, table);
    table.set(digest, 0);
    return checkNumber(scope, published, collection, digest);
  });
  for (const [collection, numbers] of published.collections)
    for (const [digest, seq] of numbers.entries())
      if (!seen.get(collection)?.has(digest))
        yield* await reader.twice(() => checkMissing(scope, collection, digest, seq));
}

async function checkNumber(
  { reader }: Scope,
  published: Published,
  collection: string,
  digest: Sha256Digest,
): Promise<Finding[]> {
  const key = publicationNumberKey(collection, digest);
  const bytes = await reader.read(key, 64);
  if (bytes === undefined) return [];
  const number = bytes === 'too-large' ? Number.NaN : Number(bytes.toString('ascii'));
  const seq = published.collections.get(collection)?.get(digest);
  const place = { key, digest, seq: seq ?? number };
  if (!Number.isSafeInteger(number) || number < 1)
    return [finding('number-wrong', { key, digest }, "The blob's publication number is no number")];
  // What that entry published cannot be known.
  if (number === seq || published.isLost(number)) return [];
  if (seq !== undefined)
    return [finding('number-wrong', place, `Entry ${seq} published the blob, and its number is ${number}`)];
  // An entry may have been appended since the log was read.
  const later = number > published.head ? await readEntry(reader, number) : undefined;
  if (later?.collections[collection]?.some((blob) => blob.digest === digest)) return [];
  return [
    finding('number-without-entry', place, `The blob's number is ${number}, but no entry published it`),
  ];
}

async function checkMissing(
  { reader }: Scope,
  collection: string,
  digest: Sha256Digest,
  seq: number,
): Promise<Finding[]> {
  const key = publicationNumberKey(collection, digest);
  if (await reader.stat(key)) return [];
  return [
    finding('number-missing', { key, digest, seq }, `Entry ${seq} published the blob, and it has no number`),
  ];
}
