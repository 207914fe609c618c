import { z } from 'zod';
import type { Digest } from './digest.ts';
import type { Manifest } from './manifest.ts';

/** What is stored of a referrer, under its digest; see `referrerKey`. */
export const ReferrerRecord = z.object({
  mediaType: z.string(),
  size: z.int().nonnegative(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** A manifest that names another as its subject, as a list of referrers shows it (specification, "Listing Referrers"). */
export type Referrer = Readonly<z.infer<typeof ReferrerRecord>> & { readonly digest: Digest };

/** How a list of referrers shows a manifest. */
export function referrerOf(manifest: Manifest): Referrer {
  const { mediaType, digest, bytes, artifactType, annotations } = manifest;
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}
