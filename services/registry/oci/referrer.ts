import type { Digest } from './digest.ts';
import type { Manifest } from './manifest.ts';

/** A manifest that names another as its subject, as a list of referrers shows it (specification, "Listing Referrers"). */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

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
