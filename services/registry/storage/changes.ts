import type { Digest, Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';

/** A change that one part of the registry announces, so that the others need not wait for their caches to expire. */
export type Change =
  | { readonly kind: 'tag-moved'; readonly repository: RepositoryName; readonly tag: Tag }
  | { readonly kind: 'content-removed'; readonly repository: RepositoryName; readonly digest: Digest }
  | { readonly kind: 'published' }
  | { readonly kind: 'mirrors-changed' }
  /** A node (`by`) sent these clients to mirrors for these blobs, all named by short keys; see `Troubles`. */
  | {
      readonly kind: 'blobs-redirected';
      readonly by: string;
      readonly redirects: readonly { readonly key: string; readonly blob: string; readonly mirror: string }[];
    }
  /** A client (`key`) came back to a node (`by`) for a blob after it had been sent to that mirror. */
  | {
      readonly kind: 'mirror-doubted';
      readonly mirror: string;
      readonly digest: Sha256Digest;
      readonly by?: string | undefined;
      readonly key?: string | undefined;
    }
  /** A client (`key`) asked a node (`by`) for a manifest again after it had been sent to these mirrors. */
  | {
      readonly kind: 'pull-restarted';
      readonly by: string;
      readonly key: string;
      readonly repository: string;
      readonly mirrors: readonly string[];
    }
  /** Announcements may have been lost: listeners reload everything that may have changed. */
  | { readonly kind: 'resync' };

/**
 * Announces changes. Only a hint: a message may be lost, and then caches expire by themselves and followers poll. So only
 * speed may depend on it.
 */
export interface Changes {
  /**
   * How long after a change other processes know it, nearly always, in ms; 0 without other processes. A caller whose
   * answer should hold everywhere, as after a delete, waits for this long, without a guarantee.
   */
  readonly settleMs: number;
  /** Calls this process's listeners before it returns, and others soon. Never waits; a lost message is not an error. */
  publish(change: Change): void;
  /** Calls `listener` for every change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void;
}
