/** What `counted.ts` counts in a node. */
export interface Counts {
  /** Requests to the store, as a remote one would get them: a list or a delete of 2,500 keys is three. */
  readonly storeRequests: number;
  /** How often content that is pinned was looked at again, as a slow machine makes a change do. */
  readonly looksAgain: number;
  /** The longest that the main thread computed without looking for other requests, in milliseconds of processor time. */
  readonly longestMs: number;
}
