import { promotionPolicyOf } from '../config/rules.ts';
import type { Config } from '../config/schema.ts';
import { THIS_PROCESS } from '../http/owner.ts';
import { reportDamage } from '../http/report-damage.ts';
import type { ServiceParts } from '../http/service.ts';
import { contentOf } from '../registry/content/content.ts';
import { stableTest } from '../registry/oci/repository-classes.ts';
import { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';
import { TagRepair } from '../registry/publishing/promotion/tag-repair.ts';
import { type PublishingContent, withPublications } from '../registry/publishing/publishing-content.ts';

/** What the release service knows of the store and of mirrors, and its work on tags: it outlives a reload. */
export interface ReleaseMemory extends AsyncDisposable {
  readonly content: PublishingContent;
  readonly board: MirrorStates;
  /** Takes over the mirrors and the policy of another configuration. */
  adjust(config: Config): void;
}

/** Begins to follow the mirrors, and to repair tags. */
export async function openReleaseMemory(
  config: Config,
  parts: Pick<ServiceParts, 'objects' | 'changes' | 'readOnly' | 'waits' | 'metrics' | 'logger'>,
): Promise<ReleaseMemory> {
  const { objects, changes, readOnly, metrics, logger } = parts;
  const onDamage = reportDamage(metrics, logger);
  const content = withPublications(contentOf(objects, { onDamage, owner: THIS_PROCESS, ...parts.waits }));
  const board = await MirrorStates.start({ objects, mirrors: config.mirrors, changes, logger });
  let isStable = stableTest(promotionPolicyOf(config));
  const repair = new TagRepair({
    ...{ content, changes, logger },
    isStable: (repository) => isStable?.(repository) ?? false,
    takesWrites: () => readOnly.takesWrites,
  });
  return {
    ...{ content, board },
    adjust(next) {
      board.use(next.mirrors);
      isStable = stableTest(promotionPolicyOf(next));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([board[Symbol.asyncDispose](), repair[Symbol.asyncDispose]()]);
    },
  };
}
