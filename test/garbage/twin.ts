import type { Model } from './model.ts';

/** What is kept, by number. */
export interface Kept {
  /** Of each repository. */
  readonly manifests: readonly [ReadonlySet<number>, ReadonlySet<number>];
  readonly blobs: ReadonlySet<number>;
  /** Manifests whose bytes stay. */
  readonly bytes: ReadonlySet<number>;
}

/** What a collection keeps, written as plainly as can be: it goes over everything again until nothing changes. */
export function keptByHand(model: Model, deleteUntagged: boolean): Kept {
  const manifests = [0, 1].map((repository) => {
    const has = (at: number) => model.manifests[at]?.inRepository[repository as 0 | 1] === true;
    const all = model.manifests.map((_, at) => at).filter(has);
    if (!deleteUntagged || isWhole(model, repository as 0 | 1)) return new Set(all);
    const tagged = model.tags.filter((tag) => tag.repository === repository).map((tag) => tag.manifest);
    const kept = new Set([...tagged.filter(has), ...all.filter((at) => model.manifests[at]?.isYoung)]);
    for (let size = -1; size !== kept.size; ) {
      size = kept.size;
      for (const at of all) {
        const subject = model.manifests[at]?.subject;
        // Only what stands before it can be named.
        if (subject !== undefined && subject < at && kept.has(subject)) kept.add(at);
        if (kept.has(at))
          for (const child of model.manifests[at]?.children ?? [])
            if (child < at && has(child)) kept.add(child);
      }
    }
    return kept;
  });
  const [one = new Set<number>(), two = new Set<number>()] = manifests;
  const named = [one, two]
    .flatMap((kept) => [...kept].map((at) => ({ at, manifest: model.manifests[at] })))
    .filter(({ manifest }) => !manifest?.isDamaged);
  const bytes = new Set([...one, ...two]);
  for (const { at, manifest } of named)
    for (const child of manifest?.children ?? []) {
      // By SHA-512 it leads to bytes only where there is a link.
      const isFound = !manifest?.bySha512 || namedIn(model, at, child, [one, two]);
      if (child < at && isFound) bytes.add(child);
    }
  const blobs = new Set(named.flatMap(({ manifest }) => manifest?.blobs ?? []));
  for (const [at, { isYoung, linkIsYoung, isPublished, isInSecond = true }] of model.blobs.entries())
    if (isYoung || linkIsYoung || isPublished || isWhole(model, 0) || (isInSecond && isWhole(model, 1)))
      blobs.add(at);
  return { manifests: [one, two], blobs, bytes };
}

/** A repository with a manifest that cannot be read keeps everything. */
function isWhole({ manifests }: Model, repository: 0 | 1): boolean {
  return manifests.some(({ inRepository, isDamaged }) => inRepository[repository] && isDamaged);
}

/** Whether a repository that keeps the manifest has the child. */
function namedIn(
  model: Model,
  at: number,
  child: number,
  kept: readonly [ReadonlySet<number>, ReadonlySet<number>],
): boolean {
  return ([0, 1] as const).some(
    (repository) => kept[repository].has(at) && model.manifests[child]?.inRepository[repository],
  );
}
