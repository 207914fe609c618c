import type { Sealer } from '../audit/seal.ts';
import { type Digest, isSha256, type Sha256Digest } from '../oci/digest.ts';
import type { ManifestRules } from '../oci/manifest-rules.ts';
import type { RepositoryName } from '../oci/names.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { layerLinkKey, revisionLinkKey } from '../storage/layout.ts';
import { isLeftover, recordOf } from '../storage/layout-read.ts';
import type { BlobView } from './blob-view.ts';
import type { CheckReader } from './check-reader.ts';
import { type Finding, finding } from './finding.ts';

/** What checking a repository needs to know of the whole. */
export interface Scope {
  readonly reader: CheckReader;
  readonly blobs: BlobView;
  readonly rules: ManifestRules;
  /** Whether a repository changes only by promotion; undefined where none does. */
  readonly isStable: ((name: RepositoryName) => boolean) | undefined;
  /** Knows whether the audit record's seals are right; undefined where that is unknown. */
  readonly sealer: Sealer | undefined;
  /** Hash the blobs under their second names, and those of repositories that are checked by themselves. */
  readonly deep: boolean;
  /** False when only some repositories are checked, and so the blobs were not listed. */
  readonly whole: boolean;
  readonly now: Date;
}

/** What a link leads to: a blob or a manifest. */
export type LinkKind = 'layer' | 'revision';

const LINK_KEY = { layer: layerLinkKey, revision: revisionLinkKey } as const;

/** A repository that is being checked: which blobs and manifests it has links to, a {@link DigestTable} each. */
export class Area {
  readonly scope: Scope;
  readonly name: RepositoryName;
  readonly #found = { layer: new DigestTable(), revision: new DigestTable() };
  /** Blobs that are linked without being there: 1 once a manifest was found to need it, 0 until then. */
  readonly dataless = new DigestTable();

  constructor(scope: Scope, name: RepositoryName) {
    this.scope = scope;
    this.name = name;
  }

  /** Records a link, whatever is wrong with it: that is reported where it lies. */
  found(kind: LinkKind, digest: Sha256Digest): void {
    this.#found[kind].set(digest, 0);
  }

  /** Whether there is a link to the content, good or bad. */
  async has(kind: LinkKind, digest: Sha256Digest): Promise<boolean> {
    if (this.#found[kind].has(digest)) return true;
    return (await this.scope.reader.stat(LINK_KEY[kind](this.name, digest))) !== undefined;
  }

  /** Where content is stored that the repository has, under whichever name; `malformed` if a link does not say that. */
  async stored(kind: LinkKind, named: Digest): Promise<Sha256Digest | 'malformed' | undefined> {
    const stored = isSha256(named) ? named : await this.scope.reader.link(LINK_KEY[kind](this.name, named));
    if (stored === undefined) return undefined;
    if (stored === 'malformed' || !isSha256(stored)) return 'malformed';
    return (await this.has(kind, stored)) ? stored : undefined;
  }
}

/** A key that nothing here reads. */
export function strayFinding(key: string, repository?: RepositoryName): Finding {
  const place = { key, ...(repository && { repository }) };
  if (repository && recordOf(key)?.kind === 'unknown-digest')
    return finding('digest-unknown', place, 'It is named by a digest that this registry does not know');
  if (isLeftover(key)) return finding('leftover', place, 'The object is half of a write');
  return finding('stray', place, 'No registry of this version writes such an object');
}
