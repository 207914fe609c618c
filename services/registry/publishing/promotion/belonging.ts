import pMap from 'p-map';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/names.ts';
import type { PublishingContent } from '../publishing-content.ts';
import { wasBroughtBy } from './bringer.ts';

const READS_AT_ONCE = 16;

export interface BelongingOptions {
  /** The digests of the promoted image's topmost manifest. */
  readonly top: readonly Digest[];
  /** Manifests of other promotions that the request names. */
  readonly attachTo: readonly Digest[];
}

/**
 * Whether a promotion into a repository may attach anything to a manifest: to the one that it promotes, to those that the
 * repository does not have yet, and to those that it got from an earlier promotion of the same image, which may have been
 * interrupted. All others belong to other images, which an index can list without owning them: these only if the request
 * names them.
 */
export function belongingTest(
  content: Pick<PublishingContent, 'objects' | 'manifests' | 'blobs' | 'published' | 'log'>,
  repository: RepositoryName,
  { top, attachTo }: BelongingOptions,
): (subject: Digest) => Promise<boolean> {
  const { objects, manifests, blobs, published, log } = content;
  const named = new Set([...top, ...attachTo]);
  const answers = new Map<Digest, Promise<boolean>>();

  /**
   * Whether a manifest is recorded as brought by the same image; where nothing is recorded, as before there were such
   * records, whether one of its blobs became public by a promotion of the same image into this repository.
   */
  const isOfSameImage = async (subject: Digest): Promise<boolean> => {
    const manifest = await manifests.get(repository, subject);
    if (manifest === undefined) return true;
    const isRecorded = await wasBroughtBy(objects, repository, manifest.canonicalDigest, top);
    if (isRecorded !== undefined) return isRecorded;
    const stored = await pMap(manifest.blobs, ({ digest }) => blobs.resolve(repository, digest), {
      concurrency: READS_AT_ONCE,
    });
    const numbers = await published.numbers(stored.flatMap((digest) => (digest ? [{ digest }] : [])));
    for (const seq of new Set(numbers.values())) {
      const entry = await log.read(seq);
      if (entry?.target.repository === repository && top.includes(entry.manifestDigest)) return true;
    }
    return false;
  };

  return (subject) => {
    const known =
      answers.get(subject) ?? (named.has(subject) ? Promise.resolve(true) : isOfSameImage(subject));
    answers.set(subject, known);
    return known;
  };
}
