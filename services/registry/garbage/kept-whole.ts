import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { REPOSITORIES_PREFIX } from '../storage/layout.ts';
import { partsPrefix, recordOf, repositoryOf } from '../storage/layout-read.ts';
import type { CollectorReader } from './collector-reader.ts';
import type { ReachableSet } from './reachable-set.ts';
import type { ScanFindings } from './scan.ts';

/** A repository of which everything was kept, since something in it cannot be read. */
export interface KeptRepository {
  readonly repository: string;
  /** What cannot be read, and why, for people. */
  readonly why: string;
}

/** For people: one line a repository. */
export function describeKept({ repository, why }: KeptRepository): string {
  return `kept everything of ${repository}, since something in it cannot be read: ${why}`;
}

/** What was found of repositories. */
export interface Marked {
  readonly reader: CollectorReader;
  readonly findings: ScanFindings;
  readonly aliases: ReadonlyMap<Digest, Sha256Digest>;
  readonly reachable: ReachableSet;
}

/**
 * Steps over what cannot be read: a client can pull through a repository only what that has a link to, so everything that
 * a repository links counts as in use while one of its manifests or links cannot be read. Returns these repositories.
 */
export async function keepUnreadable(marked: Marked): Promise<KeptRepository[]> {
  const { findings, reachable, reader } = marked;
  const kept = new Map(findings.unreadable);
  const { unread } = reachable;
  // The scan does not record who has which manifest; that is needed here alone.
  if (unread.size > 0)
    for await (const key of reader.keys(REPOSITORIES_PREFIX)) {
      const record = recordOf(key);
      if (record?.kind !== 'revision' || !isSha256(record.named)) continue;
      const why = unread.get(record.named);
      if (why !== undefined) kept.set(repositoryOf(key), `${record.named}: ${why}`);
    }
  for (const repository of kept.keys()) {
    if (isRepositoryName(repository)) await keepWhole(marked, repository);
    else reader.note(`${repository}: no repository can have this name`);
  }
  return [...kept].map(([repository, why]) => ({ repository, why }));
}

/** Marks everything that a repository links, and with `deleteUntagged` what leads from there. */
export async function keepWhole(
  { reader, aliases, reachable }: Omit<Marked, 'findings'>,
  repository: RepositoryName,
): Promise<void> {
  const manifests: Sha256Digest[] = [];
  const storedOf = (digest: Digest) => (isSha256(digest) ? digest : aliases.get(digest));
  for await (const key of reader.keys(partsPrefix(repository))) {
    const record = recordOf(key);
    if (record?.kind !== 'layer' && record?.kind !== 'revision') continue;
    // What the link holds is what a client gets, should that be something else. By a name that no link explains, nobody
    // gets anything.
    const held = await reader.link(key);
    const named = held === undefined || held === 'malformed' ? [record.named] : [record.named, held];
    for (const stored of named.flatMap((digest) => storedOf(digest) ?? [])) {
      if (record.kind === 'layer') reachable.inUse.set(stored, 1);
      else manifests.push(stored);
    }
  }
  await reachable.add(manifests);
}
