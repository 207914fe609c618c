/** Promise: what `npm run worst` measures is so: a node that is frozen, or asks its store too often, is seen. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { EMPTY_CONFIG, Image } from '../support/image.ts';
import { excessesOf, variableExcessesOf } from './budget.ts';
import { type Figures, measure } from './measure.ts';
import { allOf, type Row } from './row.ts';
import { MARKERS, tableIn, tableOf, withTable } from './table.ts';
import { startWorstWorld, type WorstWorld } from './world.ts';

const ROW: Row = {
  ...{ route: 'GET /x', request: 'a request', status: 200, storeRequests: 5, cpuMs: 50 },
  ask: () => Promise.reject(new Error('nobody asks')),
};
const GOOD: Figures = {
  ...{ status: 200, answer: '', cpuMs: 50, storeRequests: 5, looksAgain: 0, memoryMb: 100, descriptors: 200 },
  ...{ slowestMs: 100, longestMs: 100 },
};
const excesses = (more: Partial<Figures>) => excessesOf(ROW, { ...GOOD, ...more });
const variable = (more: Partial<Figures>) => variableExcessesOf(ROW, { ...GOOD, ...more });

describe('a budget', () => {
  it('is kept by what is just within it', () => {
    expect([...excesses({}), ...variable({})]).to.deep.equal([]);
  });

  it('is exceeded by each figure alone', () => {
    expect(excesses({ status: 500, answer: 'why' })).to.deep.equal(['status 500 instead of 200: why']);
    expect(excessesOf({ ...ROW, refusal: /too many/ }, { ...GOOD, answer: 'no' })).to.deep.equal([
      'refused for another reason: no',
    ]);
    expect(excesses({ storeRequests: 6 })).to.deep.equal(['6 store requests, more than 5']);
    expect(variable({ memoryMb: 101 })).to.deep.equal(['101 MB of memory, more than 100']);
    expect(excesses({ descriptors: 201 })).to.deep.equal(['201 descriptors, more than 200']);
    expect(variable({ cpuMs: 60 })).to.deep.equal(['60 ms of the processor, more than 50']);
    expect(variable({ slowestMs: 300, longestMs: 250 })).to.deep.equal([
      '250 ms until /livez answered, more than 100',
    ]);
  });

  it('has as many requests once more for each time that a change looks again, and some for beats', () => {
    const change: Row = { ...ROW, route: 'PUT /x' };
    const requests = (storeRequests: number, looksAgain: number) =>
      excessesOf(change, { ...GOOD, storeRequests, looksAgain });
    expect([...requests(25, 0), ...requests(35, 2)]).to.deep.equal([]);
    expect(requests(26, 0)).to.deep.equal(['26 store requests, more than 25']);
    expect(requests(36, 2)).to.deep.equal(['36 store requests, more than 35']);
  });

  it('is not exceeded by a machine that has no time for the node', () => {
    expect(variable({ slowestMs: 3000, longestMs: 20 })).to.deep.equal([]);
    const twice = { ...GOOD, cpuMs: 100, slowestMs: 200, longestMs: 200 };
    expect(variableExcessesOf(ROW, twice, 2)).to.deep.equal([]);
    expect(variableExcessesOf(ROW, twice, 1.9)).to.have.length(2);
  });
});

describe('a measured node', function () {
  this.timeout(120_000);
  let world: WorstWorld;
  before(async () => {
    world = await startWorstWorld();
  });
  after(() => world?.[Symbol.asyncDispose]());

  it('that answers nobody for a while is seen, and did not compute', async () => {
    const { slowestMs, longestMs } = await measure(world, {
      ...ROW,
      async ask({ registry, send }) {
        registry.daemon.kill('SIGSTOP');
        await sleep(500);
        registry.daemon.kill('SIGCONT');
        return send('/v2/');
      },
    });
    expect(slowestMs).to.be.above(450);
    expect(longestMs).to.be.below(400);
  });

  it('has the descriptors of the connections that are open', async () => {
    const { descriptors } = await measure(world, {
      ...ROW,
      async ask({ registry, send }) {
        const sockets = Array.from({ length: 50 }, () =>
          connect(Number(new URL(registry.url).port), '127.0.0.1'),
        );
        for (const socket of sockets) await once(socket.resume(), 'connect');
        await sleep(300);
        const answer = await send('/v2/');
        for (const socket of sockets) socket.destroy();
        return answer;
      },
    });
    expect(descriptors).to.be.within(50, 60);
  });

  it('counts what a request asks of the store, and takes time and memory for it', async () => {
    const name = 'worst/measured';
    const row: Row = { ...ROW, scopes: [allOf(name)], ask: ({ send }) => send(`/v2/${name}/tags/list`) };
    const manifest = new Image({ config: EMPTY_CONFIG, layers: [] });
    const cost = (tags: number) =>
      measure(world, {
        ...row,
        prepare({ filler }) {
          filler.manifest(
            name,
            manifest,
            Array.from({ length: tags }, (_, i) => `tag-${i}`),
          );
        },
      });
    const [few, many] = [await cost(1), await cost(5000)];
    expect([few.status, many.status]).to.deep.equal([200, 200]);
    expect(few.storeRequests).to.be.within(1, 3);
    // A remote store lists a thousand at a time.
    expect(many.storeRequests - few.storeRequests).to.be.within(4, 6);
    expect(many.cpuMs).to.be.above(10);
    expect(many.memoryMb).to.be.above(0);
    expect(many.longestMs).to.be.above(1);
  });
});

describe('the table of the worst requests', () => {
  it('has a line for each', () => {
    const [head, rule, line] = tableOf([[ROW, GOOD]]).split('\n');
    expect(head).to.equal(
      '| route | request | status | CPU ms | store requests | memory MB | descriptors | slowest /livez ms |',
    );
    expect(rule).to.equal('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |');
    expect(line).to.equal('| `GET /x` | a request | 200 | 50 | 5 | 100 | 200 | 100 |');
  });

  it('replaces that of a document, between its markers', () => {
    const document = `a\n${MARKERS.begin}\nold\n${MARKERS.end}\nb\n`;
    const written = withTable(document, 'new');
    expect(written).to.equal(`a\n${MARKERS.begin}\n\nnew\n\n${MARKERS.end}\nb\n`);
    expect(tableIn(written)).to.equal('\n\nnew\n\n');
    expect(() => withTable('a document without markers', 'new')).to.throw(MARKERS.begin);
  });
});
