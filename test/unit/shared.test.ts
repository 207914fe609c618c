import { expect } from 'chai';
import { Shared } from '../../services/registry/runtime/shared.ts';

/** Callers that come at once cost the store, or a provider, one request. */
describe('Shared', () => {
  it('runs once for all that call while it runs, and again for later callers', async () => {
    let runs = 0;
    const shared = new Shared(async () => ++runs);
    expect(await Promise.all([shared.run(), shared.run(), shared.run()])).to.deep.equal([1, 1, 1]);
    expect(await shared.run()).to.equal(2);
  });

  it('fails for all that wait, and starts again for the next', async () => {
    let runs = 0;
    const shared = new Shared(async () => {
      if (++runs === 1) throw new Error('down');
      return runs;
    });
    const ends = await Promise.allSettled([shared.run(), shared.run()]);
    expect(ends.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await shared.run()).to.equal(2);
  });

  it('shows the run under way, to wait for it without starting one', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const shared = new Shared(() => promise);
    expect(shared.running).to.equal(undefined);
    const run = shared.run();
    expect(shared.running).to.equal(run);
    resolve();
    await run;
    expect(shared.running).to.equal(undefined);
  });
});
