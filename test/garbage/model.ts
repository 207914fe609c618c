import fc from 'fast-check';
import { fallbackTag } from '../../services/registry/content/fallback-referrers.ts';
import { type Digest, digestBy, digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import type { RepositoryName, Tag } from '../../services/registry/oci/names.ts';
import {
  blobDataKey,
  layerLinkKey,
  publicationNumberKey,
  revisionLinkKey,
  tagCurrentKey,
  tagIndexKey,
} from '../../services/registry/storage/layout.ts';
import { MemoryStore } from '../support/memory-store.ts';

/** A manifest of a random store; it names only what stands before it, as digests force it to. */
export interface ModelManifest {
  /** The second and fourth are listed beside the children, as BuildKit lists the layers of a cache. */
  readonly blobs: readonly number[];
  readonly children: readonly number[];
  readonly subject: number | undefined;
  /** Names its children and its subject by SHA-512. */
  readonly bySha512: boolean;
  readonly inRepository: readonly [boolean, boolean];
  readonly isYoung: boolean;
  /** Its bytes are damaged. */
  readonly isDamaged?: boolean;
}

/** A random store of two repositories. */
export interface Model {
  readonly manifests: readonly ModelManifest[];
  /** The age of each blob, and of its links. */
  readonly blobs: readonly {
    readonly isYoung: boolean;
    readonly linkIsYoung: boolean;
    readonly isPublished: boolean;
    /** False if the second repository has no link to it. */
    readonly isInSecond?: boolean;
  }[];
  /** What tags name, by repository and manifest. */
  readonly tags: readonly {
    readonly repository: 0 | 1;
    readonly manifest: number;
    readonly before: number;
  }[];
}

export const REPOSITORIES = ['one', 'one/two'] as unknown as readonly [RepositoryName, RepositoryName];
const MANIFESTS_MAX = 8;
const BLOBS = 6;

const index = fc.nat(MANIFESTS_MAX - 1);

/** Small stores of every shape. */
export const models: fc.Arbitrary<Model> = fc.record({
  manifests: fc.array(
    fc.record({
      blobs: fc.array(fc.nat(BLOBS - 1), { maxLength: 3 }),
      children: fc.oneof(fc.constant([]), fc.array(index, { maxLength: 3 })),
      subject: fc.option(index, { nil: undefined }),
      bySha512: fc.boolean(),
      inRepository: fc.tuple(fc.boolean(), fc.boolean()),
      isYoung: fc.boolean(),
    }),
    { minLength: 1, maxLength: MANIFESTS_MAX },
  ),
  blobs: fc.array(
    fc.record({ isYoung: fc.boolean(), linkIsYoung: fc.boolean(), isPublished: fc.boolean() }),
    {
      minLength: BLOBS,
      maxLength: BLOBS,
    },
  ),
  tags: fc.array(
    fc.record({ repository: fc.constantFrom(0 as const, 1 as const), manifest: index, before: index }),
    { maxLength: 4 },
  ),
});

/** The same, with manifests whose bytes are damaged. */
export const damagedModels: fc.Arbitrary<Model> = fc
  .tuple(models, fc.array(fc.integer({ min: 0, max: 3 })), fc.array(fc.boolean()))
  .map(([model, damage, links]) => ({
    ...model,
    manifests: model.manifests.map((each, at) => ({ ...each, isDamaged: damage[at] === 0 })),
    blobs: model.blobs.map((each, at) => ({ ...each, isInSecond: links[at] ?? true })),
  }));

/** A model as it was written to a store. */
export interface Written {
  readonly objects: MemoryStore;
  readonly blobs: readonly Sha256Digest[];
  readonly manifests: readonly Sha256Digest[];
}

/** Writes a model; what is young is of a time after `now`. */
export function write(model: Model, now: Date): Written {
  const objects = new MemoryStore();
  const [old, young] = [new Date(now.getTime() - 1000), new Date(now.getTime() + 1000)];
  const blobs = model.blobs.map(({ isYoung, linkIsYoung, isPublished, isInSecond = true }, i) => {
    const digest = digestOf(Buffer.from(`blob ${i}`));
    objects.hold(blobDataKey(digest), `blob ${i}`, isYoung ? young : old);
    objects.hold(layerLinkKey(REPOSITORIES[0], digest), digest, linkIsYoung ? young : old);
    if (isInSecond) objects.hold(layerLinkKey(REPOSITORIES[1], digest), digest, old);
    if (isPublished) objects.hold(publicationNumberKey('default', digest), '1', old);
    return digest;
  });
  const written: { stored: Sha256Digest; named: Digest }[] = [];
  for (const [i, manifest] of model.manifests.entries()) {
    const bytes = bytesOf(manifest, i, blobs, written);
    const [stored, named] = [digestOf(bytes), digestBy('sha512', bytes)];
    written.push({ stored, named });
    objects.hold(blobDataKey(stored), manifest.isDamaged ? 'damaged' : bytes, old);
    for (const [at, name] of REPOSITORIES.entries()) {
      if (!manifest.inRepository[at]) continue;
      objects.hold(revisionLinkKey(name, stored), stored, manifest.isYoung ? young : old);
      objects.hold(revisionLinkKey(name, named), stored, old);
    }
  }
  for (const [i, { repository, manifest, before }] of model.tags.entries()) {
    const name = REPOSITORIES[repository];
    const [now_, then] = [written[manifest], written[before]];
    if (now_ === undefined) continue;
    // Every second tag is one by which clients list referrers: a tag like others.
    const tag = i % 2 === 0 ? (`t${i}` as Tag) : fallbackTag(now_.stored);
    objects.hold(tagCurrentKey(name, tag), i % 3 === 0 ? now_.named : now_.stored, old);
    objects.hold(tagIndexKey(name, tag, now_.stored), now_.stored, old);
    if (then) objects.hold(tagIndexKey(name, tag, then.stored), then.stored, old);
  }
  return { objects, blobs, manifests: written.map(({ stored }) => stored) };
}

function bytesOf(
  { blobs, children, subject, bySha512 }: ModelManifest,
  i: number,
  stored: readonly Sha256Digest[],
  earlier: readonly { stored: Sha256Digest; named: Digest }[],
): Buffer {
  const describe = (digest: Digest | undefined) => ({ mediaType: 'a/b', digest, size: 6 });
  const name = (at: number) => (bySha512 ? earlier[at]?.named : earlier[at]?.stored);
  const described = blobs.map((at) => describe(stored[at]));
  const layers = described.filter((_, nth) => nth % 2 === 0);
  const listed = described.filter((_, nth) => nth % 2 === 1);
  // Read as it is, as what other registries took: both an index and an image.
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.example.both',
      annotations: { number: String(i) },
      layers,
      manifests: [...children.filter((at) => at < i).map((at) => describe(name(at))), ...listed],
      ...(subject !== undefined && subject < i && { subject: describe(name(subject)) }),
    }),
  );
}
