import { algorithmOf, type Digest, hexOf, type Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName, Tag, UploadId } from '../oci/names.ts';
import { padded } from './numbered.ts';

/**
 * Every key in the store: CNCF Distribution's layout (its `registry/storage/paths.go`, the same in 2.x and 3.x), and ours
 * next to it, under `roadstead/` at the root and `_roadstead/` inside a repository, which Distribution's walkers, purger
 * and garbage collector skip.
 */
const ROOT = 'docker/registry/v2';
const repository = (name: RepositoryName) => `${ROOT}/repositories/${name}`;
const address = (digest: Digest) => `${algorithmOf(digest)}/${hexOf(digest)}`;

/** The bytes of a blob or manifest. A mirror serves blobs under the same path. */
export const blobDataKey = (digest: Sha256Digest) =>
  `${ROOT}/blobs/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/data`;

/** Says that a repository has a blob; under another algorithm's name, which stored blob that is. */
export const layerLinkKey = (name: RepositoryName, digest: Digest) =>
  `${repository(name)}/_layers/${address(digest)}/link`;

/** Says that a repository has a manifest; under another algorithm's name, which stored one that is. */
export const revisionLinkKey = (name: RepositoryName, digest: Digest) =>
  `${repository(name)}/_manifests/revisions/${address(digest)}/link`;

/** Prefix of a repository's tags; one common prefix `<tag>/` each. */
export const tagsPrefix = (name: RepositoryName) => `${repository(name)}/_manifests/tags/`;

/** What a tag names now. */
export const tagCurrentKey = (name: RepositoryName, tag: Tag) => `${tagsPrefix(name)}${tag}/current/link`;

/** A link for each manifest that a tag has ever named. */
export const tagIndexKey = (name: RepositoryName, tag: Tag, digest: Digest) =>
  `${tagsPrefix(name)}${tag}/index/${address(digest)}/link`;

/** Everything of a tag. */
export const tagPrefix = (name: RepositoryName, tag: Tag) => `${tagsPrefix(name)}${tag}/`;

/** Prefix of the links to all manifests of a repository. */
export const revisionsPrefix = (name: RepositoryName) => `${repository(name)}/_manifests/revisions/`;

/** Prefix of the records of manifests that name this one as their subject. */
export const referrersPrefix = (name: RepositoryName, subject: Digest) =>
  `${repository(name)}/_roadstead/referrers/${address(subject)}/`;

/** Says that a manifest names another as its subject; holds its descriptor. */
export const referrerKey = (name: RepositoryName, subject: Digest, digest: Digest) =>
  `${referrersPrefix(name, subject)}${address(digest)}`;

/** The digest under which a client pushed a tag's manifest, if that is not SHA-256. */
export const tagNameKey = (name: RepositoryName, tag: Tag) =>
  `${repository(name)}/_roadstead/tag-names/${tag}`;

/** Links a manifest to the one that keeps its blobs from Distribution's garbage collector. */
export const keeperKey = (name: RepositoryName, manifest: Sha256Digest) =>
  `${repository(name)}/_roadstead/keepers/${address(manifest)}/link`;

/** Prefix of the turns in which a repository's manifests and tags are changed. */
export const turnsPrefix = (name: RepositoryName) => `${repository(name)}/_roadstead/changes/`;

/** The turn with this number. */
export const turnKey = (name: RepositoryName, number: number) => `${turnsPrefix(name)}${padded(number, 12)}`;

/** Says which promoted image brought a manifest, one of those below its topmost, into the repository; holds that one's digest. */
export const bringerKey = (name: RepositoryName, manifest: Sha256Digest) =>
  `${repository(name)}/_roadstead/brought/${address(manifest)}`;

/** Prefix of all objects of Distribution. */
export const DISTRIBUTION_PREFIX = `${ROOT}/`;

/** Prefix of all repositories. */
export const REPOSITORIES_PREFIX = `${ROOT}/repositories/`;

/** Prefix of all stored bytes. */
export const BLOBS_PREFIX = `${ROOT}/blobs/`;

/** Prefix of all objects that Distribution does not have. */
export const OWN_PREFIX = 'roadstead/';

/** Prefix of the promotions that were ready to move a tag. */
export const tagTicketsPrefix = (name: RepositoryName, tag: Tag) =>
  `${repository(name)}/_roadstead/turns/${tag}/`;

/** Says that the promotion with this number was ready to move the tag. */
export const tagTicketKey = (name: RepositoryName, tag: Tag, seq: number) =>
  `${tagTicketsPrefix(name, tag)}${padded(seq, 12)}`;

/** Prefix of a repository's manifests and tags. */
export const repositoryManifestsPrefix = (name: RepositoryName) => `${repository(name)}/_manifests/`;

/** Prefixes under which a repository that exists has at least one object. */
export const repositoryPrefixes = (name: RepositoryName) =>
  [
    `${repository(name)}/_manifests/`,
    `${repository(name)}/_layers/`,
    `${repository(name)}/_uploads/`,
  ] as const;

/** Everything of one upload. */
export const uploadPrefix = (name: RepositoryName, id: UploadId) => `${repository(name)}/_uploads/${id}/`;

/** The bytes of an upload that Distribution has begun: one growing file. */
export const foreignUploadDataKey = (name: RepositoryName, id: UploadId) => `${uploadPrefix(name, id)}data`;

/** When an upload began. The upload exists if this does; Distribution's purger reads it. */
export const uploadStartedAtKey = (name: RepositoryName, id: UploadId) =>
  `${uploadPrefix(name, id)}startedat`;

/** Records of an upload's pieces; named by offset, so that the last one is the newest. */
export const uploadPartsPrefix = (name: RepositoryName, id: UploadId) =>
  `${uploadPrefix(name, id)}_roadstead/parts/`;

/** The record that claims the bytes from `offset` on for one piece. */
export const uploadPartKey = (name: RepositoryName, id: UploadId, offset: number) =>
  `${uploadPartsPrefix(name, id)}${String(offset).padStart(16, '0')}.json`;

/**
 * The right to let a segment grow from `offset` on, or to close the upload there. It is among the records on purpose: a
 * node that knows no claims, and would link a file that still grows, fails to read it and leaves the upload alone.
 */
export const uploadClaimKey = (name: RepositoryName, id: UploadId, offset: number, segmentId: string) =>
  `${uploadPartsPrefix(name, id)}${String(offset).padStart(16, '0')}.${segmentId}.claim`;

/** The bytes of one segment. */
export const uploadBytesKey = (name: RepositoryName, id: UploadId, segmentId: string) =>
  `${uploadPrefix(name, id)}_roadstead/bytes/${segmentId}`;

/** The publication log. */
export const PUBLICATIONS_PREFIX = 'roadstead/publications/';
/** The publication numbers of all blobs that were ever published. */
export const PUBLISHED_PREFIX = 'roadstead/published/';

/** One entry of the publication log. */
export const publicationKey = (seq: number) => `${PUBLICATIONS_PREFIX}${padded(seq, 12)}.json`;

/** A blob's publication number in a collection: derived from the log, so that a look-up needs no scan. */
export const publicationNumberKey = (collection: string, digest: Sha256Digest) =>
  `${PUBLISHED_PREFIX}${collection}/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;

/** The repositories that published blobs which others had published before. */
export const PUBLISHERS_PREFIX = 'roadstead/publishers/';

/** Prefix of the repositories that published a blob after the first one. */
export const laterPublishersPrefix = (collection: string, digest: Sha256Digest) =>
  `${PUBLISHERS_PREFIX}${collection}/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/`;

/** Says that a repository published a blob after another one had. No part of a name begins with an underscore. */
export const laterPublisherKey = (collection: string, digest: Sha256Digest, name: RepositoryName) =>
  `${laterPublishersPrefix(collection, digest)}${name}/_`;

/** Prefix of the ledgers of a mirror that versions before the boards wrote, one lease for each mirror. */
export const olderLedgerPrefix = (mirror: string) => `roadstead/mirrors/${mirror}/`;

/** Everything about mirrors. */
export const BOARDS_PREFIX = 'roadstead/boards/';

/** Prefix of a board, which is the state of its worker's lease: the ledgers of some mirrors. */
export const boardPrefix = (board: number) => `${BOARDS_PREFIX}${board}/`;

/** Asks the worker that has several boards for one of them. */
export const BOARD_WANTED_KEY = `${BOARDS_PREFIX}wanted.json`;

/** Prefix of what mirrors lack, if that is too much for their boards. */
export const MISSING_SETS_PREFIX = `${BOARDS_PREFIX}missing/`;

/** The same of one mirror. */
export const missingSetPrefix = (mirror: string) => `${MISSING_SETS_PREFIX}${mirror}/`;

/** One version of what a mirror lacks. */
export const missingSetKey = (mirror: string, version: string) =>
  `${missingSetPrefix(mirror)}${version}.json`;

/** Names a version by the epoch of the board's lease and a number that grows; later ones sort after earlier ones. */
export const missingSetVersion = (leaseEpoch: number, number: number) =>
  `${padded(leaseEpoch, 10)}-${padded(number, 10)}`;

/** What nodes without Redis doubt of mirrors. No mirror's name begins with an underscore. */
export const MIRROR_DOUBTS_PREFIX = 'roadstead/mirrors/_doubts/';

/** The newest doubts of one node. */
export const mirrorDoubtsKey = (node: string) => `${MIRROR_DOUBTS_PREFIX}${node}.json`;

/** The audit record. */
export const AUDIT_PREFIX = 'roadstead/audit/';

/** Records per directory: file systems read a whole directory to list a part of it. */
const AUDIT_GROUP = 1000;

/** One record of changes of state; by number from 1, without gaps. */
export const auditRecordKey = (seq: number) =>
  `${AUDIT_PREFIX}${padded(Math.floor(seq / AUDIT_GROUP), 9)}/${padded(seq, 12)}.jsonl`;

/** Up to where the audit record was pruned: a hint from where to search for its end, not a proof. */
export const AUDIT_PRUNED_KEY = `${AUDIT_PREFIX}pruned.json`;

/** Its presence makes every node of this store read-only; it says why. */
export const READ_ONLY_KEY = 'roadstead/read-only.json';

/** Credentials that this registry has issued itself: `<kind>/<name>/<number>.json`, of which the newest counts. */
export const CREDENTIALS_PREFIX = 'roadstead/credentials/';
