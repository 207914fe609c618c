import type { Authenticator } from '../http/access/authenticator.ts';
import type { Context } from '../http/context.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { Notifier } from '../registry/notifications/notifier.ts';
import type { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import type { PromotionPolicy } from '../registry/publishing/promotion/policy.ts';
import type { PublishingContent } from '../registry/publishing/publishing-content.ts';
import type { Log } from '../registry/runtime/log.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { ReadOnly } from '../registry/storage/read-only.ts';
import type { WriteHealth } from '../registry/storage/write-health.ts';

/** What the release service's endpoints work with; made once in `app.ts`. */
export interface ReleaseService {
  readonly content: PublishingContent;
  readonly board: MirrorStates;
  readonly changes: Changes;
  readonly policy: PromotionPolicy;
  readonly readOnly: ReadOnly;
  readonly writes: WriteHealth;
  readonly notifier: Notifier;
  readonly authenticator: Authenticator;
  readonly audit: Audit;
  /** This registry's URL as the client of a request sees it, without trailing slash. */
  readonly baseUrlOf: (ctx: Context) => string;
  readonly metrics: Metrics;
  readonly logger: Log;
  readonly version: string;
  /** What is wrong with what this process works with, besides mirrors; a line each. */
  readonly problems: () => readonly string[];
  /** False when `storage.redirect.disable` is set. */
  readonly redirects: boolean;
  /** Aborts when the process stops. */
  readonly signal: AbortSignal;
}
