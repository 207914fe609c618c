/** Promise: a worker that did not run itself does not take the silence of a mirror for the mirror's. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Stalls } from '../../services/sync/mirrors/stalls.ts';

/** Keeps this process from running anything else. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('stalls of a process', () => {
  it('are noticed, with their length', async () => {
    using stalls = new Stalls();
    const before = performance.now();
    await sleep(150);
    block(1200);
    expect(stalls.since(before)).to.be.within(1000, 60_000);
    await sleep(300);
    expect(stalls.since(before), 'also a while after').to.be.within(1000, 60_000);
  });

  it('do not count for what begins afterwards, nor if they are short', () => {
    let now = 0;
    using stalls = new Stalls(() => now);
    now = 5000;
    expect(stalls.since(0)).to.equal(4900);
    expect(stalls.since(5001)).to.equal(0);
    now = 5300;
    expect(stalls.since(5001)).to.equal(0);
  });
});
