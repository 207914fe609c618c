/**
 * Promise: whatever the order in which the requests of those who change one repository reach the store, whichever of their
 * writes comes late, and whoever dies: at rest each listed tag can be pulled, and what clients were answered is as if they
 * had asked one after the other. The real code, over a store in memory.
 */
import { expect } from 'chai';
import { explore, SCENARIOS } from './scenarios.ts';

/** All scenarios together explore at least as many orders. */
const ORDERS_MIN = 100_000;

describe('changes of one repository, in every order of their requests', function () {
  this.timeout(600_000);
  let orders = 0;

  for (const scenario of SCENARIOS)
    it(scenario.title, async function () {
      const explored = await explore(scenario);
      orders += explored;
      if (this.test) this.test.title += ` (${explored} orders)`;
    });

  it(`are at least ${ORDERS_MIN} orders`, () => {
    console.log(`      ${orders} orders`);
    expect(orders).to.be.at.least(ORDERS_MIN);
  });
});
