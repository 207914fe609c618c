import type { RepositoryName, Tag } from './names.ts';

/** What one part of the registry tells the others, so that they need not wait for their caches to age. */
export type Change =
  | { readonly kind: 'tag-moved'; readonly repository: RepositoryName; readonly tag: Tag }
  | { readonly kind: 'published' }
  | { readonly kind: 'mirrors-changed' };

/**
 * Tells of changes. Only ever a hint: a message may be lost, and then caches age out by themselves and followers
 * look again. So nothing may depend on it but speed.
 */
export interface Changes {
  publish(change: Change): void;
  /** Calls `listener` for every change until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void;
}
