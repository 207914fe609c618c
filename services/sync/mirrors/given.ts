/** What became of a blob; for `paused`, nothing can be brought to the mirror for a while. */
export type Given =
  | { readonly kind: 'held' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'paused'; readonly reason: string; readonly retryAfterMs: number };
