import type { MirrorName } from '../../oci/names.ts';

/** A mirror as the configuration describes it. */
export interface Mirror {
  readonly name: MirrorName;
  /** Where clients fetch: `<url>/docker/registry/v2/blobs/sha256/ab/<hex>/data`. No trailing slash. */
  readonly url: string;
  /** Its share among mirrors of one tier (MirrorManager's bandwidth); 100 unless configured. */
  readonly weight: number;
  /** Clients in these networks are sent here first (MirrorManager's site-local netblocks), in CIDR form. */
  readonly netblocks: readonly string[];
}
