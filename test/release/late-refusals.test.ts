/**
 * Promise: what the audit record and notifications say of a promotion that moves no tag is not that it moved one, where it
 * was refused for what others have done while it was under way.
 */
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { parseTag } from '../../services/registry/oci/names.ts';
import type { PromotionPlan } from '../../services/registry/publishing/promotion/plan.ts';
import { promote } from '../../services/registry/publishing/promotion/promote.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import { FIRST, NAME, planOf, SECOND, storeWith, TAG, THIRD } from '../changes/world.ts';
import { NOBODY } from '../support/library-pushes.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';

const SIGNATURE = parseTag(`${FIRST.digest.replace(':', '-')}.sig`);

/** A promotion that brings a signature along. */
function signedPlan(): PromotionPlan {
  const attached = { subject: FIRST.digest, tag: SIGNATURE, digest: SECOND.canonicalDigest };
  const plan = planOf(FIRST);
  const image = { ...plan.image, manifests: [FIRST, SECOND], attachedTags: [attached] };
  return { ...plan, image, attached: [{ ...attached, state: 'added' }] };
}

function registry() {
  const content = withPublications(contentOf(storeWith([FIRST, SECOND, THIRD], undefined)));
  const parts = { content, board: { states: [] }, changes: new MemoryChanges() };
  const heard: string[] = [];
  const requester = {
    record: async ({ action }: { action: string }) => void heard.push(action),
    notify: async () => void heard.push('notified'),
  };
  const options = { actor: 'x', waitMirrors: 0, waitTimeoutMs: 0, signal: new AbortController().signal };
  return {
    ...{ content, heard },
    /** Promotes; others act once it is in the log. */
    async promote(plan: PromotionPlan, meanwhile: () => Promise<void>): Promise<unknown> {
      try {
        for await (const { event } of promote(parts, requester, plan, options))
          if (event === 'published') await meanwhile();
        return undefined;
      } catch (error) {
        return error;
      }
    },
    async promoteAtOnce(plan: PromotionPlan): Promise<void> {
      for await (const _ of promote(parts, NOBODY, plan, options));
    },
  };
}

describe('a promotion that may not move its tag any more', () => {
  it('is not recorded or notified as done if what it attaches has been replaced', async () => {
    const { content, heard, promote } = registry();
    const { canonicalDigest, digest } = THIRD;
    const error = await promote(signedPlan(), () =>
      content.tags.move(NAME, SIGNATURE, { canonicalDigest, digest }, OPEN_FENCE),
    );
    expect(error).to.have.property('kind', 'ATTACHING_REFUSED');
    expect(heard).to.deep.equal(['promotion.publish']);
    expect(await content.tags.resolve(NAME, TAG)).to.equal(undefined);
  });

  it('is not recorded or notified as done if a newer one has moved the tag', async () => {
    const { content, heard, promote, promoteAtOnce } = registry();
    const error = await promote(planOf(FIRST), () => promoteAtOnce(planOf(THIRD)));
    expect(error).to.have.property('kind', 'SUPERSEDED');
    expect(heard).to.deep.equal(['promotion.publish']);
    expect(await content.tags.resolve(NAME, TAG)).to.equal(THIRD.digest);
  });

  it('is recorded and notified if nothing has happened, or a newer one of the same image', async () => {
    const { heard, promote, promoteAtOnce } = registry();
    for (const meanwhile of [async () => undefined, () => promoteAtOnce(planOf(FIRST))]) {
      heard.length = 0;
      expect(await promote(planOf(FIRST), meanwhile)).to.equal(undefined);
      expect(heard).to.deep.equal(['promotion.publish', 'promotion.tag', 'notified']);
    }
  });
});
