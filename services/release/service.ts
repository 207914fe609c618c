import type { Context } from '../http/context.ts';
import type { ServiceParts } from '../http/service.ts';
import type { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import type { PromotionPolicy } from '../registry/publishing/promotion/policy.ts';
import type { PublishingContent } from '../registry/publishing/publishing-content.ts';
import type { ReleaseMetrics } from './metrics.ts';

/** What the release service's endpoints work with; made once in `app.ts`. */
export interface ReleaseService extends Omit<ServiceParts, 'metrics'> {
  readonly content: PublishingContent;
  readonly board: MirrorStates;
  readonly policy: PromotionPolicy;
  /** This registry's URL as the client of a request sees it, without trailing slash. */
  readonly baseUrlOf: (ctx: Context) => string;
  readonly metrics: ReleaseMetrics;
  readonly version: string;
  /** The description of the endpoints. */
  readonly openApi: object;
  /** What is wrong with what this process works with, besides mirrors; a line each. */
  readonly problems: () => readonly string[];
  /** False when `storage.redirect.disable` is set. */
  readonly redirects: boolean;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
}
