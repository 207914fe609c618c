/**
 * Promise: the model finds each fault that turns are there for, as soon as what keeps it away is taken out; so what it
 * does not find is not there.
 */
import { expect } from 'chai';
import { rejection } from '../contract/area.ts';
import { OrderError } from '../garbage/interleaving.ts';
import { FAULTY } from './faulty-nodes.ts';
import { explore, SCENARIOS } from './scenarios.ts';

const LATE_PUTS = 'one tag is put to two manifests; late writes';

/** Without what, in which scenarios. */
const FOUND: Readonly<Record<keyof typeof FAULTY, readonly string[]>> = {
  turns: [
    'a tag is put, its manifest deleted by digest',
    'two tags are put, their manifest deleted',
    'one tag is put and deleted',
    'one tag is put to two manifests if it names a third',
    'a tag is put by two and deleted',
    'a tag is put, and deleted by name and by digest',
    'two promotions of one tag',
    'two promotions; late writes',
    'a promotion, and its tag is deleted',
    'a promotion, and its manifest is deleted',
    LATE_PUTS,
    'one tag is put and deleted; late writes',
    'a tag is put, its manifest deleted; late writes',
    'one tag is put to two manifests, and one dies',
    'one tag is put to two manifests, and both die',
    'one tag is put and deleted, and who deletes it dies',
    'a tag is put, and who deletes its manifest dies',
    'a paused node puts a tag that was put again, and moved on',
    'a paused node deletes a tag that was deleted again, and put',
  ],
  'the time of a fence': [
    'one tag is put and deleted',
    'a paused node puts a tag that was put again, and moved on',
  ],
  'the signal of a client that has gone': [
    'a paused node puts a tag that was put again, and moved on',
    'a paused node deletes a tag that was deleted again, and put',
  ],
  'a look at what may share a turn': ['a node puts one tag to two manifests at once if it names a third'],
  doubts: [
    LATE_PUTS,
    'one tag is put and deleted; late writes',
    'a tag is put, its manifest deleted; late writes',
    'one tag is put to two manifests, and one dies',
  ],
  'taking back': ['a manifest is collected while it is put'],
};

describe('the model of changes', function () {
  this.timeout(120_000);

  for (const [what, makeNode] of Object.entries(FAULTY))
    for (const title of FOUND[what as keyof typeof FAULTY])
      it(`finds, without ${what}, what goes wrong where ${title}`, async () => {
        const scenario = SCENARIOS.find((each) => each.title === title);
        if (scenario === undefined) throw new Error(`there is no scenario ${title}`);
        expect(await rejection(explore({ ...scenario, makeNode }))).to.be.instanceOf(OrderError);
      });
});
