import type { Metrics } from '../http/metrics.ts';
import type { Changes } from '../registry/changes.ts';
import type { Content } from '../registry/content/content.ts';
import type { Log } from '../registry/log.ts';
import type { MirrorBoard } from '../registry/mirrors/board.ts';
import type { PromotionPolicy } from '../registry/promotion/policy.ts';

/** What the release service's endpoints work with; made once in `main.ts`. */
export interface ReleaseService {
  readonly content: Content;
  readonly board: MirrorBoard;
  readonly changes: Changes;
  readonly policy: PromotionPolicy;
  readonly metrics: Metrics;
  readonly logger: Log;
  readonly version: string;
  /** False when `storage.redirect.disable` is set. */
  readonly redirects: boolean;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
}
