import pMap from 'p-map';
import type { Grants } from '../registry/access/grants.ts';
import { isRepositoryName } from '../registry/oci/names.ts';
import type { PublicationLog } from '../registry/publishing/publication/log.ts';
import { DAMAGED, orDamaged } from '../registry/storage/json.ts';
import { type LackedBlob, withShortDigests } from './mirror-words.ts';
import type { LackedLine } from './schemas.ts';

/** The most blobs of a mirror that an answer names. */
const NAMED_MAX = 20;
/** Bounds what one request reads: digests of further publications are left out. */
const PUBLICATIONS_MAX = 50;
const CONCURRENCY = 8;

/**
 * The blobs that each mirror lacks, as a client may see them. Anyone who knows the digest of a published blob can fetch it,
 * so digests are shown as the publication log is: to clients that may pull from the repository that published them.
 */
export async function lackedLines(
  all: readonly (readonly LackedBlob[])[],
  log: PublicationLog,
  client: Grants,
): Promise<LackedLine[][]> {
  const named = all.map((lacked) => lacked.slice(0, NAMED_MAX));
  const seqs = [...new Set(named.flat().map(({ seq }) => seq))].slice(0, PUBLICATIONS_MAX);
  const visible = new Set<number>();
  await pMap(
    seqs,
    async (seq) => {
      const entry = await orDamaged(log.read(seq));
      const repository = entry === undefined || entry === DAMAGED ? '' : entry.target.repository;
      if (isRepositoryName(repository) && client.maySee(repository)) visible.add(seq);
    },
    { concurrency: CONCURRENCY },
  );
  return named.map((lacked) =>
    lacked.map(({ digest, sizeBytes, seq, reason, retryAt }) => ({
      ...(visible.has(seq) && { digest }),
      ...{ sizeBytes, seq, reason: withShortDigests(reason) },
      ...(retryAt !== undefined && { retryAt }),
    })),
  );
}
