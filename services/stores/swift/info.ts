import { z } from 'zod';
import { OperatorError } from '../../registry/runtime/operator-error.ts';

/** The features of this Swift, and its limits per request. */
export interface Capabilities {
  /** Segments in one manifest. */
  readonly manifestSegmentsMax: number;
  /** Names in one bulk delete; 0 without bulk deletes. */
  readonly bulkDeletesMax: number;
  /** Entries in one listing. */
  readonly listingMax: number;
  /** The digest for temporary URLs; undefined without them. */
  readonly tempUrlDigest: 'sha256' | 'sha512' | 'sha1' | undefined;
}

/** Swift's defaults, for a server that hides its features; without the optional ones. */
export const UNTOLD: Capabilities = {
  manifestSegmentsMax: 1000,
  bulkDeletesMax: 0,
  listingMax: 10_000,
  tempUrlDigest: undefined,
};

const InfoSchema = z.object({
  swift: z.object({ container_listing_limit: z.int().positive().default(UNTOLD.listingMax) }),
  slo: z.object({ max_manifest_segments: z.int().positive().default(1000) }).optional(),
  bulk_delete: z.object({ max_deletes_per_request: z.int().positive().default(1000) }).optional(),
  tempurl: z.object({ allowed_digests: z.array(z.string()).default(['sha1']) }).optional(),
});

/** Reads the answer of Swift's /info (docs.openstack.org/swift/latest/api/discoverability.html). */
export function capabilitiesOf(body: unknown): Capabilities {
  const info = InfoSchema.parse(body);
  if (info.slo === undefined)
    throw new OperatorError(
      'this Swift has no static large objects (the slo middleware), which large blobs need',
    );
  return {
    manifestSegmentsMax: info.slo.max_manifest_segments,
    bulkDeletesMax: info.bulk_delete?.max_deletes_per_request ?? 0,
    listingMax: info.swift.container_listing_limit,
    tempUrlDigest: (['sha256', 'sha512', 'sha1'] as const).find((digest) =>
      info.tempurl?.allowed_digests.includes(digest),
    ),
  };
}
