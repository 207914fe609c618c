import type { Sealer } from '../audit/seal.ts';
import type { Sha256Digest } from '../oci/digest.ts';
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

/** A repository that is being checked: which blobs and manifests it has links to, a {@link DigestTable} each. */
export class Area {
  readonly scope: Scope;
  readonly name: RepositoryName;
  readonly #layers = new DigestTable();
  readonly #revisions = new DigestTable();
  /** Blobs that are linked without being there: 1 once a manifest was found to need it, 0 until then. */
  readonly dataless = new DigestTable();

  constructor(scope: Scope, name: RepositoryName) {
    this.scope = scope;
    this.name = name;
  }

  /** Records a link to a blob, whatever is wrong with it: that is reported where it lies. */
  foundLayer(digest: Sha256Digest): void {
    this.#layers.set(digest, 0);
  }

  /** {@link foundLayer} for a manifest. */
  foundRevision(digest: Sha256Digest): void {
    this.#revisions.set(digest, 0);
  }

  /** Whether there is a link to the blob, good or bad. */
  async hasLayer(digest: Sha256Digest): Promise<boolean> {
    if (this.#layers.has(digest)) return true;
    return (await this.scope.reader.stat(layerLinkKey(this.name, digest))) !== undefined;
  }

  /** {@link hasLayer} for a manifest. */
  async hasRevision(digest: Sha256Digest): Promise<boolean> {
    if (this.#revisions.has(digest)) return true;
    return (await this.scope.reader.stat(revisionLinkKey(this.name, digest))) !== undefined;
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
