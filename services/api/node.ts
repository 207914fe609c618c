import type { Context } from '../http/context.ts';
import type { ServiceParts } from '../http/service.ts';
import type { Registry } from '../registry/content/content.ts';
import type { Reader } from '../registry/content/reader.ts';
import type { ManifestLimits } from '../registry/oci/manifest-limits.ts';
import type { ManifestRules } from '../registry/oci/manifest-rules.ts';
import type { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import type { Troubles } from '../registry/publishing/mirrors/trouble/troubles.ts';
import type { PromotionPolicy } from '../registry/publishing/promotion/policy.ts';
import type { PublicationFollower } from '../registry/publishing/publication/follower.ts';
import type { PublicBlobs } from '../registry/publishing/publication/public-blobs.ts';
import type { ApiMetrics } from './metrics.ts';

/** What the API's endpoints work with; made once in `app.ts`. */
export interface ApiNode extends Registry, Pick<ServiceParts, 'readOnly' | 'notifier' | 'audit'> {
  readonly reader: Reader;
  readonly publications: PublicationFollower;
  readonly publicBlobs: PublicBlobs;
  readonly board: MirrorStates;
  readonly troubles: Troubles;
  readonly policy: PromotionPolicy | undefined;
  /** What a manifest must bring along. */
  readonly rules: ManifestRules;
  readonly metrics: ApiMetrics;
  /** False switches redirects off (`storage.redirect.disable`). */
  readonly redirects: boolean;
  /** True allows deletes (`storage.delete.enabled`). */
  readonly deletes: boolean;
  /** Most entries of one answer. */
  readonly limits: { readonly tagsMax: number; readonly catalogMax: number };
  /** How much a pushed manifest may name. */
  readonly manifestLimits: ManifestLimits;
  /** A path of this registry as clients are to be sent to it. */
  readonly urlOf: (ctx: Context, path: string) => string;
  /** This registry's URL as the client of this request sees it, without trailing slash. */
  readonly baseUrlOf: (ctx: Context) => string;
}
