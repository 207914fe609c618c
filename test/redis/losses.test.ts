/** Promise: whoever may have missed a change hears that, and nothing that comes over a channel can do harm. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { Gaps } from '../../services/redis/gaps.ts';
import { encodeMessage, parseMessage } from '../../services/redis/message.ts';
import { anyChange, hearing, someMove } from '../contract/changes.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { anyText } from '../unit/arbitraries.ts';
import { type Opened, openWorking, resyncsOf } from './opened.ts';

const CHANNEL = 'roadstead:changes:0';
/** Faster than in the registry. The pause is longer than a reconnect and the next heartbeat, which then share one report. */
const TIMING = { heartbeatMs: 250, resyncPauseMs: 600 };
/** A loss is noticed at the next heartbeat and 100 ms after it, and reported after the pause; some more for busy machines. */
const NOTICED_MS = TIMING.heartbeatMs + 100 + TIMING.resyncPauseMs + 400;

describe('messages', () => {
  it('are read as they were written', () => {
    const message = fc.record({
      ...{ from: fc.uuid(), seq: fc.integer({ min: 1 }) },
      change: fc.option(anyChange, { nil: undefined }),
    });
    fc.assert(
      fc.property(message, (written) => {
        const { from, seq, change } = parseMessage(encodeMessage(written)) ?? {};
        expect({ from, seq, change }).to.deep.equal(written);
      }),
    );
  });

  it('that are malformed are ignored, and make nothing fail', () => {
    fc.assert(fc.property(anyText, (text) => parseMessage(text) === undefined));
    fc.assert(fc.property(fc.json(), (text) => parseMessage(text) === undefined));
  });

  for (const [what, over] of Object.entries({
    'of another version': { v: 2 },
    'without an author': { from: '' },
    'without a number': { seq: 0 },
    'of no repository': { change: { kind: 'tag-moved', repository: '../etc', tag: 'a' } },
    'of no tag': { change: { kind: 'tag-moved', repository: 'a', tag: '..' } },
    'of no digest': { change: { kind: 'content-removed', repository: 'a', digest: 'sha256:1' } },
    'of a change without a kind': { change: { tag: 'a' } },
    'that are too long': { more: 'a'.repeat(5000) },
  }))
    it(`${what} are not messages`, () => {
      const good = { v: 1, from: 'a', seq: 1, change: { kind: 'tag-moved', repository: 'a', tag: 'a' } };
      expect(parseMessage(JSON.stringify(good))).not.to.equal(undefined);
      expect(parseMessage(JSON.stringify({ ...good, ...over }))).to.equal(undefined);
    });
});

it('messages of a kind that only a newer version knows are counted, and nothing more', () => {
  const newer = { v: 1, from: 'a', seq: 7, change: { kind: 'heat', degrees: 3 }, more: 'b' };
  expect(parseMessage(JSON.stringify(newer))).to.deep.equal({ v: 1, from: 'a', seq: 7, change: undefined });
});

describe('gaps in the numbers of messages', () => {
  it('are found exactly when a message is missing, in whatever order the others come', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, (heard) => {
        const gaps = new Gaps();
        for (const seq of heard) gaps.heard('a', seq);
        expect(gaps.take()).to.equal(Math.max(...heard) !== heard.length);
        expect(gaps.take()).to.equal(false);
      }),
    );
  });

  it('are reported once each, for each author', () => {
    const gaps = new Gaps();
    expect([gaps.heard('a', 1), gaps.heard('b', 1), gaps.heard('a', 2)]).to.deep.equal([false, false, false]);
    expect(gaps.heard('a', 4)).to.equal(true);
    expect(gaps.take()).to.equal(true);
    expect([gaps.heard('a', 5), gaps.heard('a', 3), gaps.take()]).to.deep.equal([false, false, false]);
    expect([gaps.heard('b', 1_000_000), gaps.take()]).to.deep.equal([true, true]);
  });
});

requires(['redis-server', 'redis-cli'])('changes over Redis that may be lost', () => {
  let server: RedisServer;
  let here: Opened;
  let there: Opened;
  let resyncs: { here: { count: number }; there: { count: number } };
  beforeEach(async () => {
    server = await startRedis();
    here = await openWorking({ addr: server.address }, TIMING);
    there = await openWorking({ addr: server.address }, TIMING);
    // They hear of one that they did not know, which may have spoken before, and may have to look once more after the pause.
    await sleep(NOTICED_MS);
    resyncs = { here: resyncsOf(here), there: resyncsOf(there) };
  });
  afterEach(async () => {
    for (const each of [here, there, server]) await each[Symbol.asyncDispose]();
  });

  it('make nobody look again while nothing is lost', async () => {
    for (let i = 0; i < 500; i++) here.changes.publish(someMove());
    await server.cli('FLUSHALL');
    await sleep(NOTICED_MS);
    expect(resyncs).to.deep.equal({ here: { count: 0 }, there: { count: 0 } });
  });

  it('make those look again whose connection was lost, and then all is heard', async () => {
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(
      () => resyncs,
      () => resyncs.here.count > 0 && resyncs.there.count > 0,
      5000,
    );
    const { heard } = hearing(there.changes);
    const move = someMove();
    here.changes.publish(move);
    await eventually(
      () => heard,
      () => heard.length > 0,
      5000,
    );
    expect(heard).to.deep.equal([move]);
    await sleep(NOTICED_MS);
    expect([resyncs.here.count, resyncs.there.count]).to.satisfy((counts: number[]) =>
      counts.every((count) => count <= 2),
    );
  });

  it('make the others look again when one could not speak', async () => {
    here.connection.commands.disconnect(true);
    const { heard } = hearing(there.changes);
    here.changes.publish(someMove());
    await eventually(
      () => ({ resyncs, heard }),
      () => resyncs.there.count > 0,
      5000,
    );
    expect(heard).to.deep.equal([]);
    expect(here.witness.failures.get('changes')).to.be.above(0);
  });

  it('wait for nobody while Redis hangs, and are looked for afterwards', async () => {
    await server.signal('SIGSTOP');
    const startedAt = performance.now();
    for (let i = 0; i < 5000; i++) here.changes.publish(someMove());
    expect(performance.now() - startedAt).to.be.below(1000);
    await eventually(
      () => here.witness.lines,
      () => !here.witness.isUp && !there.witness.isUp,
      8000,
    );
    await server.signal('SIGCONT');
    await eventually(
      () => ({ resyncs, lines: here.witness.lines }),
      () => here.witness.isUp && there.witness.isUp && resyncs.there.count > 0,
      10_000,
    );
    const messages = there.witness.lines.map(({ message }) => message);
    expect(messages).to.deep.equal([
      'Redis is up',
      'Redis does not answer; continuing without it',
      'Redis is up again',
    ]);
  });

  it('are not taken from what is no message; that is counted', async () => {
    const { heard } = hearing(there.changes);
    const forged = { v: 1, from: 'a', seq: 1, change: { kind: 'tag-moved', repository: '../a', tag: 'a' } };
    for (const text of ['', '{', '[]', JSON.stringify(forged), 'a'.repeat(100_000)])
      await server.cli('PUBLISH', CHANNEL, text);
    const move = someMove();
    here.changes.publish(move);
    await eventually(
      () => heard,
      () => heard.length > 0,
      5000,
    );
    expect(heard).to.deep.equal([move]);
    expect(there.witness.failures.get('message')).to.equal(5);
    expect(resyncs.there.count).to.equal(0);
  });

  it('stay with those who share prefix and database', async () => {
    await using otherPrefix = await openWorking({ addr: server.address, prefix: 'other:' });
    await using otherDatabase = await openWorking({ addr: server.address, db: 1 });
    const [one, two, mine] = [otherPrefix, otherDatabase, there].map(({ changes }) => hearing(changes).heard);
    here.changes.publish(someMove());
    await eventually(
      () => mine,
      () => mine?.length === 1,
      5000,
    );
    await sleep(100);
    expect([one, two]).to.deep.equal([[], []]);
  });
});
