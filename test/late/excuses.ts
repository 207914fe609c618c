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

const HISTORY_KEPT: Excuse = {
  line: /has .*\/_manifests\/tags\/\w+\/index\//,
  why: 'what a tag once named may be in its history',
};

const LEFT_OF_COLLECTION: Excuse = {
  line: /the collector's (?:scan|deleting|announced|quarantine|rescued)/,
  why: 'what a collection left, the next one clears away or brings to its end',
  isRare: true,
};

const LEASES: Excuse = {
  line: /the collector's worker/,
  why: 'of leases only the one with the highest number counts',
  isRare: true,
};

/**
 * How a store may differ for good when a request came late, and why that is harmless. An excuse that is not needed fails
 * the matrix.
 */
export const HARMLESS: readonly Excuse[] = [
  {
    line: /lacks .*\/_manifests\/tags\/\w+\/index\//,
    why: "nothing but Distribution's collector reads a tag's history, and there a manifest that the tag names is in use anyway",
  },
  HISTORY_KEPT,
  LEFT_OF_COLLECTION,
  LEASES,
];

/**
 * Acknowledged changes that a late request takes back: the matrix has found them, and they are not mended yet. A line that
 * is not needed any more fails the matrix: delete it with what mends it.
 */
export const KNOWN: readonly Excuse[] = [
  {
    operation: 'tags: move writeLink',
    line: /has other bytes|names|GET .* with 200|tag-dangling|tags\/\w+\/current/,
    why: 'to be fenced: the move of a tag has to have its turn',
  },
  {
    operation: 'tags: #remember writeLink',
    line: /tag-without-current|is listed, and names nothing/,
    why: 'to be fenced, with the move',
  },
  {
    operation: 'tag-moves: moveTagIf writeLink',
    line: /has other bytes|names/,
    why: 'to be fenced, with the move',
  },
  {
    operation: 'tag-moves: moveTagIf putIfAbsent',
    line: /has other bytes|names/,
    why: 'to be fenced, with the move: the condition holds again once the tag was deleted',
  },
  {
    operation: 'tag-names: recordTagName put',
    line: /tag-names/,
    why: 'to be fenced, with the move',
  },
  {
    operation: 'tag-names: recordTagName delete',
    line: /tag-names/,
    why: 'to be fenced, with the move',
  },
  {
    operation: 'tags: delete delete',
    line: /GET .* with 404|names nothing/,
    why: 'to be fenced: the deletion of a tag has to have its turn',
  },
  {
    operation: 'canonical: linkContent writeLink',
    line: /DELETE .* with 200/,
    why: 'to be fenced: links to manifests have to have their turn, those to blobs one attempt and a wait',
  },
  {
    operation: 'canonical: unlinkContent delete',
    line: /GET .* with 404|lacks .*\/(?:_layers|revisions)\//,
    why: 'the same',
  },
  {
    operation: 'referrers: remove delete',
    line: /lacks .*\/referrers\//,
    why: 'to be fenced, with the deletion of the manifest',
  },
  {
    operation: 'keepers: removeKeeper delete',
    line: /lacks .*\/(?:keepers|revisions)\//,
    why: 'to be fenced, with the deletion of the manifest',
  },
  {
    operation: 'uploads: begin put',
    line: /cancel the upload: GET .* with 204/,
    why: 'to be tried once: nobody learns the name of an upload whose beginning failed',
  },
  {
    operation: 'rotation: addKey putIfAbsent',
    line: /roadstead\/keys\//,
    why: 'to be deleted by an object that says so: one that an operator deletes right after it was made comes back',
    isRare: true,
  },
  {
    operation: 'read-only: writeNotice put',
    line: /writes are still off/,
    why: 'to have numbers of its own, of which the highest counts',
  },
  {
    operation: 'read-only: writeNotice delete',
    line: /writes are allowed/,
    why: 'the same',
  },
  {
    operation: 'progress: hearRequest delete',
    line: /nobody asks for a collection/,
    why: 'to have a name by chance for each request, so that only the one that was heard is deleted',
    isRare: true,
  },
  {
    operation: 'delete-all: deleteAll delete',
    title: /collection/,
    line: /acknowledged, and lost|answered with 400|-without-data|blob-not-linked|is not there$|is lost$/,
    why: 'to be fenced: of the collector, the flag has to stay until no request can come late',
    isRare: true,
  },
];

/** How a store may differ for good when a process was paused, and why that is harmless. */
export const HARMLESS_PAUSES: readonly Excuse[] = [
  HISTORY_KEPT,
  LEFT_OF_COLLECTION,
  LEASES,
  {
    operation: 'rotation: addKey putIfAbsent',
    line: /roadstead\/keys\//,
    why: 'a key of which nobody has a token; it is deleted with the next one that has ended',
    isRare: true,
  },
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
export const KNOWN_PAUSES: readonly Excuse[] = [
  {
    title: /^a (?:tag|manifest) that is pushed|^a tag that (?:moves|is made)|^a tag by SHA-512/,
    line: /acknowledged, and lost|in the end: |answered with 412|tags\/\w+\/current|tag-names/,
    why: 'to be fenced: who was paused has lost its turn, and finds that out before each write',
  },
  {
    title: /^a (?:manifest|referrer) .* pushed/,
    line: /acknowledged, and lost|\/(?:referrers|keepers|revisions)\//,
    why: 'the same, for the deletion of a manifest',
  },
  {
    title: /^a blob .* (?:pushed|mounted)/,
    line: /acknowledged, and lost|\/_layers\//,
    why: 'to be fenced: the link to a blob, and its deletion',
  },
  {
    title: /collection/,
    line: /acknowledged, and lost|answered with 400|-without-data|blob-not-linked|is not there$|is lost$/,
    why: 'to be fenced: the collector looks at its fence before each deletion',
    isRare: true,
  },
  {
    title: /^a collection that is asked for/,
    line: /nobody asks for a collection/,
    why: 'to have a name by chance for each request, so that only the one that was heard is deleted',
    isRare: true,
  },
  {
    title: /^writes that are stopped/,
    line: /acknowledged, and lost/,
    why: 'to have numbers of its own, of which the highest counts',
  },
];
