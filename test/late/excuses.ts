/** A fault or a difference that is expected where one request comes late. */
export interface Excuse {
  /** Who made the request: file, function and call, as `crash/write-places.ts` names them; anybody unless given. */
  readonly operation?: string;
  /** In which stories; in any unless given. */
  readonly title?: RegExp;
  /** What was wrong, or how the store differs. */
  readonly line: RegExp;
  /** Why that is harmless, or what would mend it. */
  readonly why: string;
  /** It shows only where every way is tried, at night. */
  readonly isRare?: boolean;
}

const HISTORY_LACKS: Excuse = {
  line: /lacks .*\/_manifests\/tags\/\w+\/index\//,
  why: "nothing but Distribution's collector reads a tag's history, and there a manifest that the tag names is in use anyway",
  isRare: true,
};

const LEFT_OF_COLLECTION: Excuse = {
  line: /the collector's (?:scan|deleting|announced|quarantine|rescued)/,
  why: 'what a collection left, the next one clears away or brings to its end',
  isRare: true,
};

const VOID_KEY: Excuse = {
  operation: 'rotation: addKey putIfAbsent',
  line: /has roadstead\/keys\//,
  why: 'a newer key says that this one is void',
  isRare: true,
};

const LEASES: Excuse = {
  line: /the collector's worker/,
  why: 'of leases only the one with the highest number counts',
  isRare: true,
};

const WRITES_ARE_ON: Excuse = {
  operation: 'delete-all: deleteAll delete',
  title: /^a garbage collection/,
  line: /./,
  why: 'the story has no switch of writes: under it, the sweep has a fence (test/garbage/late-offline.test.ts)',
  isRare: true,
};

/**
 * How a store may differ for good when a request came late, and why that is harmless. An excuse that is not needed fails
 * the matrix.
 */
export const HARMLESS: readonly Excuse[] = [
  HISTORY_LACKS,
  LEASES,
  WRITES_ARE_ON,
  {
    operation: 'uploads: begin put',
    line: /cancel (?:the upload|it): GET .* with 204/,
    why: 'an upload that was cancelled is there again, and empty: nobody goes on with it, and the purge takes it',
    isRare: true,
  },
  VOID_KEY,
  {
    operation: 'progress: requestCycle put',
    line: /roadstead\/garbage\/request\.json/,
    why: 'one collection more',
    isRare: true,
  },
];

/**
 * Acknowledged changes that a late request takes back: the matrix has found them, and they are not mended yet. A line that
 * is not needed any more fails the matrix: delete it with what mends it.
 */
export const KNOWN: readonly Excuse[] = [];

/** How a store may differ for good when a process was paused, and why that is harmless. */
export const HARMLESS_PAUSES: readonly Excuse[] = [
  HISTORY_LACKS,
  LEFT_OF_COLLECTION,
  LEASES,
  WRITES_ARE_ON,
  {
    title: /^a collection that is asked for/,
    line: /nobody asks for a collection|lacks roadstead\/garbage\/request/,
    why: 'whoever wakes hears the request that was made since, and does what it asks for',
    isRare: true,
  },
  VOID_KEY,
  {
    title: /^(?:a collection|collections) /,
    line: /sha256:\w+ is still there$|the collector has left|the store has .*\/(?:blobs|_layers|revisions)\//,
    why: 'garbage that a pass left, since another one was at work by then: the next one deletes it',
    isRare: true,
  },
];

/**
 * Acknowledged changes that a process takes back which was paused: found by the matrix, and not mended yet. By story,
 * since whoever wakes goes on with all that it was about.
 */
export const KNOWN_PAUSES: readonly Excuse[] = [];
