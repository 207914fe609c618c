import { expect } from 'chai';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { PromotionPlan } from '../../services/registry/publishing/promotion/plan.ts';
import { plannedLine } from '../../services/release/planned-line.ts';

/** Promise: the answer names what a promotion attaches and leaves out, in a bounded line. */
describe('the plan of a promotion with much attached', () => {
  it('names a hundred of each, and counts them', () => {
    const digest = digestOf(Buffer.from('x'));
    const each = { subject: digest, digest };
    const plan = {
      ...{ source: { repository: 'a', reference: { kind: 'digest', digest } }, digest },
      target: { repository: 'b', tag: '1' },
      image: { manifests: [], blobs: [], nonDistributable: [] },
      ...{ unpublished: [], leftOut: Array.from({ length: 101 }, () => each) },
      attached: Array.from({ length: 102 }, () => ({ ...each, state: 'added' })),
    } as unknown as PromotionPlan;
    const line = plannedLine(plan, true);
    expect(line).to.deep.include({ attachedTotal: 102, leftOutTotal: 101 });
    expect(line).to.have.property('attached').with.length(100);
    expect(line).to.have.property('leftOut').with.length(100);
  });
});
