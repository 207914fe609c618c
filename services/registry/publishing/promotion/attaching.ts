import pMap from 'p-map';
import type { Content } from '../../content/content.ts';
import type { Digest, Sha256Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import type { RepositoryName, Tag } from '../../oci/names.ts';
import type { Attachment } from './attachment.ts';
import type { Image } from './image.ts';

/** What a promotion does with an attachment: the target lacks it, has the same, or has another one under this tag. */
type AttachmentState = 'added' | 'kept' | 'replaced';

/** An attachment of a promoted image, compared with the target. */
export interface PlannedAttachment extends Attachment {
  readonly state: AttachmentState;
  /** What the target's tag named when the promotion was planned. */
  readonly previousDigest?: Sha256Digest | undefined;
}

/** What a promotion attaches to manifests of its target, and what it leaves in the source. */
export interface Attaching {
  /** What is replaced first, what is kept last. */
  readonly attached: readonly PlannedAttachment[];
  /** Attached in the source to what belongs to other promotions, and missing in the target. */
  readonly leftOut: readonly Attachment[];
  /** Why it may not be done; undefined if it may. */
  readonly refusal: RegistryError | undefined;
}

const READS_AT_ONCE = 16;
const ORDER: readonly AttachmentState[] = ['replaced', 'added', 'kept'];
/** A message names at most this many of each. */
const NAMED_MAX = 10;

/**
 * Compares what an image brings along with its target. Every manifest of the image that names a subject will be a referrer
 * there, also one that an index lists.
 */
export async function planAttaching(
  { manifests, tags }: Pick<Content, 'manifests' | 'tags'>,
  repository: RepositoryName,
  image: Image,
  allowed: {
    readonly replaceAttached: readonly Tag[];
    readonly mayAttachTo: (subject: Digest) => Promise<boolean>;
  },
): Promise<Attaching> {
  const named = await pMap(
    image.attachedTags,
    async (each): Promise<PlannedAttachment> => {
      const previousDigest = await tags.resolve(repository, each.tag);
      if (previousDigest === undefined) return { ...each, state: 'added' };
      return { ...each, previousDigest, state: previousDigest === each.digest ? 'kept' : 'replaced' };
    },
    { concurrency: READS_AT_ONCE },
  );
  const referring = await pMap(
    image.manifests.flatMap(({ digest, subject, artifactType }) =>
      subject ? [{ subject: subject.digest, digest, artifactType }] : [],
    ),
    async (each): Promise<PlannedAttachment> => ({
      ...each,
      state: (await manifests.has(repository, each.digest)) ? 'kept' : 'added',
    }),
    { concurrency: READS_AT_ONCE },
  );
  const isMissing = async ({ tag, digest }: Attachment) =>
    tag === undefined
      ? !(await manifests.has(repository, digest))
      : (await tags.resolve(repository, tag)) !== digest;
  const leftOut = await pMap(image.leftOut, async (each) => ((await isMissing(each)) ? [each] : []), {
    concurrency: READS_AT_ONCE,
  });
  const isForeign = async ({ state, subject }: PlannedAttachment) =>
    state === 'added' && !(await allowed.mayAttachTo(subject));
  const foreign = await pMap(referring, async (each) => ((await isForeign(each)) ? [each] : []), {
    concurrency: READS_AT_ONCE,
  });
  return {
    attached: [...named, ...referring].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)),
    leftOut: leftOut.flat(),
    refusal:
      refuseReplacing(repository, named, allowed.replaceAttached) ??
      refuseForeign(repository, foreign.flat()),
  };
}

function refuseReplacing(
  repository: RepositoryName,
  named: readonly PlannedAttachment[],
  allowed: readonly Tag[],
): RegistryError | undefined {
  const replaced = named.flatMap(({ state, tag }) =>
    state === 'replaced' && tag !== undefined && !allowed.includes(tag) ? [tag] : [],
  );
  if (replaced.length === 0) return undefined;
  return new RegistryError(
    'ATTACHING_REFUSED',
    `${repository} has something else attached by ${some(replaced)}, and its tag would not name it any more. ` +
      `To replace it, name the tag: ${some(
        replaced.map((tag) => `--replace-attached ${tag}`),
        ' ',
      )}`,
    { replaced: replaced.slice(0, NAMED_MAX) },
  );
}

function refuseForeign(
  repository: RepositoryName,
  foreign: readonly PlannedAttachment[],
): RegistryError | undefined {
  if (foreign.length === 0) return undefined;
  const subjects = [...new Set(foreign.map(({ subject }) => subject))];
  return new RegistryError(
    'ATTACHING_REFUSED',
    `the image would attach ${some(foreign.map(({ digest }) => digest))} to what another promotion brought into ` +
      `${repository}. To allow it, name that: ${some(
        subjects.map((subject) => `--attach-to ${subject}`),
        ' ',
      )}`,
    { subjects: subjects.slice(0, NAMED_MAX) },
  );
}

function some(names: readonly string[], separator = ', '): string {
  const rest = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(separator) + (rest > 0 ? ` and ${rest} more` : '');
}
