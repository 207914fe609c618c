/** Promise: the outbox is bounded, changes outlive pulls in it, and what was given up is kept, shown and bounded too. */

import { expect } from 'chai';
import fc from 'fast-check';
import { Backlog, sizeOf } from '../../services/registry/notifications/backlog.ts';
import {
  forgottenOutboxes,
  inspectEndpoint,
  requeueDead,
} from '../../services/registry/notifications/inspect.ts';
import { encodeItem } from '../../services/registry/notifications/item.ts';
import { itemKey, nextTick, parseItemKey, queuePrefix } from '../../services/registry/notifications/keys.ts';
import { Notifier } from '../../services/registry/notifications/notifier.ts';
import { keySegment } from '../../services/registry/storage/key-segment.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';
import { endpointAt, FACTS, numbersOf, outboxWorld, pull, push, upTo } from './outbox-world.ts';

const NOWHERE = 'http://127.0.0.1:9/hook';

describe('the outbox of notifications', () => {
  it('holds a change durably as soon as the producer has been answered', async () => {
    await using world = await outboxWorld();
    await world.notifier([endpointAt(NOWHERE)]).changed([push(1), push(2)], FACTS);
    const page = await world.objects.list({ prefix: queuePrefix('hook'), limit: 10 });
    expect(page.keys).to.have.lengthOf(1);
    expect(parseItemKey(page.keys[0] ?? '')).to.include({ kind: 'change', events: 2 });
  });

  it('fails the request when the store does, and no other endpoint suffers', async () => {
    await using world = await outboxWorld();
    const failing = intercepted(world.objects, ({ name, args, proceed }) =>
      name === 'put' && String(args[0]).includes('/broken/')
        ? Promise.reject(new Error('no store'))
        : proceed(),
    );
    await using notifier = new Notifier({
      config: {
        includereferences: false,
        endpoints: [endpointAt(NOWHERE, { name: 'broken' }), endpointAt(NOWHERE, { name: 'whole' })],
      },
      objects: failing,
      source: { addr: 'n', instanceID: 'i' },
      count: () => undefined,
      logger: { info() {}, warn() {}, error() {} },
    });
    const failure = await notifier.changed([push(1)], FACTS).catch((error: unknown) => error);
    expect(failure).to.be.an('error').with.property('message', 'no store');
    expect((await inspectEndpoint(world.objects, 'whole')).queued).to.equal(1);
    // A pull never fails, whatever the store does.
    notifier.pulled(pull(1), FACTS);
  });

  it('keeps changes that find it full as dead letters, drops pulls first, and takes on when it is emptied', async () => {
    await using world = await outboxWorld();
    const endpoint = endpointAt(NOWHERE, { queuelimit: 20 });
    const notifier = world.notifier([endpoint]);
    for (const n of upTo(18)) notifier.pulled(pull(n), FACTS);
    await notifier[Symbol.asyncDispose]();
    expect(world.counts).to.deep.equal({ queued: 18, delivered: 0, dead: 0, dropped: 0 });
    notifier.pulled(pull(18), FACTS);
    await notifier[Symbol.asyncDispose]();
    // The last tenth is for changes.
    expect(world.counts).to.deep.equal({ queued: 18, delivered: 0, dead: 0, dropped: 1 });
    for (const n of upTo(5)) await notifier.changed([push(n)], FACTS);
    expect(world.counts).to.deep.equal({ queued: 20, delivered: 0, dead: 3, dropped: 1 });
    const { queued, dead, newestDead } = await inspectEndpoint(world.objects, 'hook');
    expect({ queued, dead }).to.deep.equal({ queued: 20, dead: 3 });
    expect(newestDead[0]?.reason).to.equal('the queue of 20 events was full');
    expect(world.logged.filter(({ level }) => level === 'error')).to.have.lengthOf(1);

    expect(await requeueDead(world.objects, endpoint)).to.deep.equal({ requeued: 0, left: 3, damaged: 0 });
    const { keys } = await world.objects.list({ prefix: queuePrefix('hook'), limit: 100 });
    await world.objects.delete(keys);
    expect(await requeueDead(world.objects, endpoint)).to.deep.equal({ requeued: 3, left: 0, damaged: 0 });
    // Counting may take a twentieth of the time: a count that was slow is believed for so long.
    await eventually('events are taken again', async () => {
      await notifier.changed([push(5)], FACTS);
      return (await inspectEndpoint(world.objects, 'hook')).queued === 4;
    });
  });

  it('keeps a bounded number of dead letters: the oldest go, are counted and logged', async () => {
    await using world = await outboxWorld();
    const notifier = world.notifier([endpointAt(NOWHERE, { queuelimit: 20 })]);
    for (const n of upTo(100)) {
      await notifier.changed([push(n)], FACTS);
      // Settled, so that the bound is exact.
      await notifier[Symbol.asyncDispose]();
    }
    const { queued, dead, newestDead } = await inspectEndpoint(world.objects, 'hook', 3);
    expect(queued).to.equal(20);
    expect(dead).to.be.within(18, 20);
    expect(world.counts.dropped).to.equal(100 - 20 - dead);
    const newest = newestDead.flatMap(({ events }) => events.map((json) => JSON.parse(json)));
    expect(numbersOf(newest)).to.deep.equal([99, 98, 97]);
    expect(world.logged.some(({ message }) => message.startsWith('too many dead letters'))).to.equal(true);
  });

  it('gathers pulls up to a bound, and counts those beyond', async () => {
    await using world = await outboxWorld();
    const notifier = world.notifier([endpointAt(NOWHERE)]);
    for (const n of upTo(12_000)) notifier.pulled(pull(n), FACTS);
    await notifier[Symbol.asyncDispose]();
    expect(world.counts).to.include({ queued: 10_000, dropped: 2000 });
    const page = await world.objects.list({ prefix: queuePrefix('hook'), limit: 100 });
    expect(page.keys.length).to.be.at.most(20);
  });

  it('is not listed for every event', async () => {
    await using world = await outboxWorld();
    let lists = 0;
    const counted = intercepted(world.objects, ({ name, proceed }) => {
      if (name === 'list') lists++;
      return proceed();
    });
    const backlog = new Backlog(counted, queuePrefix('hook'), 100_000);
    for (const _ of upTo(5000)) {
      expect(await backlog.hasRoom(1)).to.equal(true);
      backlog.added(1);
    }
    expect(lists).to.be.within(1, 6);
  });

  it('counts what other processes wrote, and gives up at the limit', async () => {
    await using world = await outboxWorld();
    const prefix = queuePrefix('hook');
    for (const n of upTo(30)) {
      const item = { tick: nextTick(), id: crypto.randomUUID(), kind: 'change', events: 10 } as const;
      await world.objects.put(itemKey(prefix, item), encodeItem({ events: [String(n)] }));
    }
    expect((await sizeOf(world.objects, prefix)).events).to.equal(300);
    expect((await sizeOf(world.objects, prefix, 100)).events).to.equal(110);
    expect(await new Backlog(world.objects, prefix, 300).hasRoom(1)).to.equal(false);
    expect(await new Backlog(world.objects, prefix, 301).hasRoom(1)).to.equal(true);
  });

  it('names what belongs to no endpoint any more', async () => {
    await using world = await outboxWorld();
    await world.notifier([endpointAt(NOWHERE, { name: 'Old One' })]).changed([push(0)], FACTS);
    await world.notifier([endpointAt(NOWHERE, { name: 'new' })]).changed([push(0)], FACTS);
    expect(await forgottenOutboxes(world.objects, ['new'])).to.deep.equal(['_4fld_20_4fne']);
  });

  it('costs nothing without endpoints', async () => {
    const parts = { config: { includereferences: true, endpoints: [] } };
    await using notifier = new Notifier(parts as unknown as ConstructorParameters<typeof Notifier>[0]);
    expect({ ...notifier }).to.include({ wantsPulls: false, wantsChanges: false });
    notifier.pulled(pull(0), FACTS);
    await notifier.changed([push(0)], FACTS);
  });
});

describe('names in the outbox', () => {
  const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 5 }));

  it('are different for different endpoints, and every backend can keep them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 20 }), (names) => {
        // Lone surrogates have no UTF-8, and cannot stand in a configuration file.
        const whole = [...new Set(names.map((text) => text.toWellFormed()))];
        const segments = whole.map(keySegment);
        for (const segment of segments) expect(segment).to.match(/^[a-z0-9_-]{1,200}$/);
        expect(new Set(segments).size).to.equal(whole.length);
      }),
    );
  });

  it('differ where only long endings, letters of other case or escapes do', () => {
    const names = ['', '_', '__', 'A', 'a', '_41', '_61', 'x'.repeat(300), `${'x'.repeat(299)}y`];
    expect(new Set(names.map(keySegment)).size).to.equal(names.length);
  });

  it('sort as their times do, and say what is in them', () => {
    const item = fc.record({
      tick: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      id: fc.uuid(),
      kind: fc.constantFrom('change' as const, 'pull' as const),
      events: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(item, item, (a, b) => {
        const prefix = queuePrefix('hook');
        const [keyA, keyB] = [itemKey(prefix, a), itemKey(prefix, b)];
        expect(parseItemKey(keyA)).to.deep.equal({ ...a, key: keyA });
        if (a.tick < b.tick) expect(keyA < keyB).to.equal(true);
      }),
    );
    const ticks = upTo(1000).map(nextTick);
    expect(ticks).to.deep.equal([...new Set(ticks)].sort((a, b) => a - b));
  });
});
