import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';

/** What one part of the registry tells the others, so that they need not wait for their caches to age. */
export type Change =
  | { readonly kind: 'tag-moved'; readonly repository: RepositoryName; readonly tag: Tag }
  | { readonly kind: 'content-removed'; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'published' }
  | { readonly kind: 'mirrors-changed' }
  /** A node (`by`) was asked for these blobs by these clients; see `Retries`. */
  | { readonly kind: 'blobs-asked'; readonly by: string; readonly keys: readonly string[] }
  /** Changes may have gone untold: what can have changed is to be looked at anew. */
  | { readonly kind: 'resync' };

/**
 * Tells of changes. Only ever a hint: a message may be lost, and then caches age out by themselves and followers
 * look again. So nothing may depend on it but speed.
 */
export interface Changes {
  /**
   * So long after a change it is known in other processes, nearly always; 0 where there are none to tell. Who wants its
   * answer to hold everywhere, as after a delete, waits for that long, and has no promise all the same.
   */
  readonly settleMs: number;
  /** Tells the listeners of this process before it returns, and those of others soon. Never waits, never throws for a loss. */
  publish(change: Change): void;
  /** Calls `listener` for every change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void;
}
