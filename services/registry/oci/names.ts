import { type Digest, parseDigest } from './digest.ts';
import { RegistryError } from './errors.ts';

declare const brand: unique symbol;

/** A repository's name, by the grammar of the OCI distribution specification; made only by {@link parseRepositoryName}. */
export type RepositoryName = string & { readonly [brand]: 'RepositoryName' };
/** A tag, by the specification's grammar; made only by {@link parseTag}. */
export type Tag = string & { readonly [brand]: 'Tag' };
/** An upload session's id, a UUID of ours; made only by {@link parseUploadId} and {@link newUploadId}. */
export type UploadId = string & { readonly [brand]: 'UploadId' };
/** A mirror's name, as the configuration gives it. */
export type MirrorName = string & { readonly [brand]: 'MirrorName' };

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MIRROR = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
/** Docker's own limit on `host/name`; longer names would also meet file systems' limits. */
const NAME_MAX_CHARACTERS = 255;

/** True when `text` is a repository name. */
export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= NAME_MAX_CHARACTERS && NAME.test(text);
}

/** Parses a repository name or throws NAME_INVALID. */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text;
  throw new RegistryError(
    'NAME_INVALID',
    `a repository name has at most ${NAME_MAX_CHARACTERS} characters: lower-case letters and digits, in parts separated by ".", "_", "__", "-" or "/"`,
    { name: text.slice(0, 300) },
  );
}

/** True when `text` is a tag. */
export function isTag(text: string): text is Tag {
  return TAG.test(text);
}

/** Parses a tag or throws TAG_INVALID. */
export function parseTag(text: string): Tag {
  if (isTag(text)) return text;
  throw new RegistryError(
    'TAG_INVALID',
    'a tag has 1 to 128 letters, digits, "_", "." or "-", and begins with a letter, digit or "_"',
    { tag: text.slice(0, 200) },
  );
}

/** A tag or a digest, as in a manifest's URL. */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

/** Parses the last part of a manifest's URL; a colon can only be a digest's. */
export function parseReference(text: string): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: parseDigest(text) };
  return { kind: 'tag', tag: parseTag(text) };
}

/** Parses an upload's id or throws BLOB_UPLOAD_UNKNOWN: an id that is not ours names no upload. */
export function parseUploadId(text: string): UploadId {
  if (UUID.test(text)) return text as UploadId;
  throw unknownUpload();
}

/** The error for an upload that does not exist. */
export function unknownUpload(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload; begin a new one with POST');
}

/** A fresh upload id. */
export function newUploadId(): UploadId {
  return crypto.randomUUID() as UploadId;
}

/** True when `text` can name a mirror: lower-case letters, digits and inner dashes, at most 64 (a DNS label's shape). */
export function isMirrorName(text: string): text is MirrorName {
  return MIRROR.test(text);
}

/** An image as people write it: `fedora/toolbox:40`, `hello@sha256:…`, or `hello` for `hello:latest`. */
export interface ImageName {
  readonly repository: RepositoryName;
  readonly reference: Reference;
}

/** Parses what a person types for an image of this registry (no host part). */
export function parseImageName(text: string): ImageName {
  const at = text.indexOf('@');
  if (at >= 0) {
    // `name:tag@digest` is what people copy; the digest decides, but an invalid tag is still a mistake.
    const before = text.slice(0, at);
    const colon = before.indexOf(':');
    if (colon >= 0) parseTag(before.slice(colon + 1));
    return {
      repository: parseRepositoryName(colon >= 0 ? before.slice(0, colon) : before),
      reference: { kind: 'digest', digest: parseDigest(text.slice(at + 1)) },
    };
  }
  const colon = text.lastIndexOf(':');
  if (colon < 0)
    return { repository: parseRepositoryName(text), reference: { kind: 'tag', tag: parseTag('latest') } };
  return {
    repository: parseRepositoryName(text.slice(0, colon)),
    reference: { kind: 'tag', tag: parseTag(text.slice(colon + 1)) },
  };
}

/** Prints an image's name in the form that {@link parseImageName} reads. */
export function printImageName(image: ImageName): string {
  return image.reference.kind === 'tag'
    ? `${image.repository}:${image.reference.tag}`
    : `${image.repository}@${image.reference.digest}`;
}

/** Prints a reference as in a URL. */
export function printReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
