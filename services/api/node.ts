import type { Metrics } from '../http/metrics.ts';
import type { Changes } from '../registry/changes.ts';
import type { Content } from '../registry/content/content.ts';
import type { MirrorBoard } from '../registry/mirrors/board.ts';
import type { PromotionPolicy } from '../registry/promotion/policy.ts';
import type { PublicationFollower } from '../registry/publication/follower.ts';
import type { Reader } from '../registry/pull/reader.ts';

/** What the API's endpoints work with; made once in `main.ts`. */
export interface ApiNode {
  readonly content: Content;
  readonly reader: Reader;
  readonly publications: PublicationFollower;
  readonly board: MirrorBoard;
  readonly changes: Changes;
  readonly policy: PromotionPolicy | undefined;
  readonly metrics: Metrics;
  /** False switches redirects off (`storage.redirect.disable`). */
  readonly redirects: boolean;
}
