import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';

/** What goes from a repository. */
export interface RepositoryGarbage {
  readonly name: RepositoryName;
  /** Manifests, under all of their names. */
  readonly manifests: readonly Digest[];
  /** Entries of tags' histories. */
  readonly history: readonly { readonly tag: Tag; readonly digest: Digest }[];
  /** Records of referrers. */
  readonly referrers: readonly { readonly subject: Digest; readonly digest: Digest }[];
  /** Links to blobs that go, or have gone. */
  readonly layers: readonly Digest[];
}
