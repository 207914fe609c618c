import { type Digest, hexOf } from './digest.ts';
import type { RepositoryName, Tag, UploadId } from './names.ts';

/**
 * Where everything lies: CNCF Distribution's layout (its `registry/storage/paths.go`, the same in 2.x and 3.x), and
 * ours beside it. Ours stands under `roadstead/` at the root and `_roadstead/` inside a repository, which
 * Distribution's walkers, purger and garbage collector skip.
 */
const ROOT = 'docker/registry/v2';
const repository = (name: RepositoryName) => `${ROOT}/repositories/${name}`;
const address = (digest: Digest) => `sha256/${hexOf(digest)}`;

/** The bytes of a blob or manifest. A mirror serves blobs under the same path. */
export const blobDataKey = (digest: Digest) =>
  `${ROOT}/blobs/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}/data`;

/** Says that a repository has a blob. */
export const layerLinkKey = (name: RepositoryName, digest: Digest) =>
  `${repository(name)}/_layers/${address(digest)}/link`;

/** Says that a repository has a manifest. */
export const revisionLinkKey = (name: RepositoryName, digest: Digest) =>
  `${repository(name)}/_manifests/revisions/${address(digest)}/link`;

/** Prefix of a repository's tags; one common prefix `<tag>/` each. */
export const tagsPrefix = (name: RepositoryName) => `${repository(name)}/_manifests/tags/`;

/** What a tag names now. */
export const tagCurrentKey = (name: RepositoryName, tag: Tag) => `${tagsPrefix(name)}${tag}/current/link`;

/** What a tag ever named, a link each. */
export const tagIndexKey = (name: RepositoryName, tag: Tag, digest: Digest) =>
  `${tagsPrefix(name)}${tag}/index/${address(digest)}/link`;

/** Prefix of the promotions that were ready to move a tag. */
export const tagTurnsPrefix = (name: RepositoryName, tag: Tag) =>
  `${repository(name)}/_roadstead/turns/${tag}/`;

/** Says that the promotion with this number was ready to move the tag. */
export const tagTurnKey = (name: RepositoryName, tag: Tag, seq: number) =>
  `${tagTurnsPrefix(name, tag)}${String(seq).padStart(12, '0')}`;

/** Prefixes under which a repository that exists has at least one object. */
export const repositoryPrefixes = (name: RepositoryName) =>
  [
    `${repository(name)}/_manifests/`,
    `${repository(name)}/_layers/`,
    `${repository(name)}/_uploads/`,
  ] as const;

/** Everything of one upload. */
export const uploadPrefix = (name: RepositoryName, id: UploadId) => `${repository(name)}/_uploads/${id}/`;

/** When an upload began: its existence, and what Distribution's purger reads. */
export const uploadStartedAtKey = (name: RepositoryName, id: UploadId) =>
  `${uploadPrefix(name, id)}startedat`;

/** Records of an upload's parts; named by offset, so that names sort as the bytes do. */
export const uploadPartsPrefix = (name: RepositoryName, id: UploadId) =>
  `${uploadPrefix(name, id)}_roadstead/parts/`;

/** The record that claims the bytes from `offset` on for one part. */
export const uploadPartKey = (name: RepositoryName, id: UploadId, offset: number) =>
  `${uploadPartsPrefix(name, id)}${String(offset).padStart(16, '0')}.json`;

/** The bytes of one part. */
export const uploadBytesKey = (name: RepositoryName, id: UploadId, partId: string) =>
  `${uploadPrefix(name, id)}_roadstead/bytes/${partId}`;

/** One entry of the publication log. */
export const publicationKey = (seq: number) => `roadstead/publications/${String(seq).padStart(12, '0')}.json`;

/** A blob's publication number in a collection: derived from the log, so that a look-up needs no scan of it. */
export const publicationNumberKey = (collection: string, digest: Digest) =>
  `roadstead/published/${collection}/sha256/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;

/** Prefix of the terms of a mirror's ledger. */
export const mirrorLedgerPrefix = (mirror: string) => `roadstead/mirrors/${mirror}/`;

/** A mirror's ledger as kept by the worker that holds this term. */
export const mirrorLedgerKey = (mirror: string, term: number) =>
  `${mirrorLedgerPrefix(mirror)}${String(term).padStart(10, '0')}.json`;
