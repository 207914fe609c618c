import { type Digest, hexOf, isSha256 } from '../oci/digest.ts';
import type { Tag } from '../oci/names.ts';

/** What cosign before its use of referrers attaches: signature, attestation, software bill of materials. */
const SUFFIXES = ['sig', 'att', 'sbom'] as const;

/** The tags by which cosign attaches to a manifest (`sha256-<hex>.sig`); they belong to it without naming it as subject. */
export function attachedTags(subject: Digest): Tag[] {
  return isSha256(subject) ? SUFFIXES.map((suffix) => `sha256-${hexOf(subject)}.${suffix}` as Tag) : [];
}
