/**
 * Promise: whatever the order in which the requests of those who change one repository reach the store, whichever of their
 * writes comes late, and whoever dies: at rest each listed tag can be pulled, and what clients were answered is as if they
 * had asked one after the other. The real code, over a store in memory.
 */
import { expect } from 'chai';
import { rejection } from '../contract/area.ts';
import { everyOrder, OrderError } from '../garbage/interleaving.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { worldOf } from './world.ts';

/** All scenarios together explore at least as many orders. */
const ORDERS_MIN = 100_000;

/** What turns are for: without them an order is found in which each of these fails. */
const NEED_TURNS = [
  'a tag is put, its manifest deleted by digest',
  'one tag is put and deleted',
  'a tag is put by two and deleted',
  'a tag is put, and deleted by name and by digest',
  'a promotion, and its tag is deleted',
  'a promotion, and its manifest is deleted',
  'two promotions of one tag',
  'two promotions; late writes',
  'one tag is put to two manifests; late writes',
  'one tag is put and deleted; late writes',
  'a tag is put, its manifest deleted; late writes',
  'one tag is put to two manifests, and one dies',
  'one tag is put and deleted, and who deletes it dies',
  'a tag is put, and who deletes its manifest dies',
  'a paused node puts a tag that was put again, and moved on',
  'a paused node deletes a tag that was deleted again, and put',
];

async function explore({ base, people, others, limits }: Scenario, hasTurns = true): Promise<number> {
  const store = await base();
  return everyOrder(limits, () => worldOf(store, people(), others?.(), hasTurns));
}

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

  describe('without turns, go wrong', () => {
    for (const title of NEED_TURNS)
      it(title, async () => {
        const scenario = SCENARIOS.find((each) => each.title === title);
        if (scenario === undefined) throw new Error('there is no such scenario');
        expect(await rejection(explore(scenario, false))).to.be.instanceOf(OrderError);
      });
  });
});
