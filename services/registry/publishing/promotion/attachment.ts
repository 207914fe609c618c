import { type Digest, hexOf, isSha256, type Sha256Digest } from '../../oci/digest.ts';
import type { Tag } from '../../oci/names.ts';

/** A manifest that is attached to another one: by a tag, or by naming it as its subject. */
export interface Attachment {
  /** What it is attached to. */
  readonly subject: Digest;
  readonly digest: Digest;
  /** The tag by which it is attached; undefined for a referrer. */
  readonly tag?: Tag;
  /** What a referrer says that it is. */
  readonly artifactType?: string | undefined;
}

/** An attachment by a tag. */
export interface AttachedTag extends Attachment {
  readonly tag: Tag;
  readonly digest: Sha256Digest;
}

/** What cosign before its use of referrers attaches: signature, attestation, software bill of materials. */
const SUFFIXES = ['sig', 'att', 'sbom'] as const;

/** The tags by which cosign attaches to a manifest (`sha256-<hex>.sig`); they belong to it without naming it as subject. */
export function attachedTags(subject: Digest): Tag[] {
  return isSha256(subject) ? SUFFIXES.map((suffix) => `sha256-${hexOf(subject)}.${suffix}` as Tag) : [];
}
