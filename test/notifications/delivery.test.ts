/** Promise: events reach their receiver in order, at least once, however it fails, and nothing else reaches it. */
import { expect } from 'chai';
import { inspectEndpoint, requeueDead } from '../../services/registry/notifications/inspect.ts';
import { itemKey, nextTick, queuePrefix } from '../../services/registry/notifications/keys.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { endpointAt, FACTS, numbersOf, outboxWorld, pull, push, upTo } from './outbox-world.ts';
import { startReceiver } from './receiver.ts';

describe('delivery of notifications', () => {
  it('keeps the order of changes, in batches, and empties the queue', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    const endpoint = endpointAt(receiver.url, { headers: { 'X-Token': ['s3cret', 'second'] } });
    const notifier = world.notifier([endpoint]);
    for (const n of upTo(250)) await notifier.changed([push(n)], FACTS);
    await using _ = world.worker(endpoint);
    await eventually('all are delivered', () => receiver.accepted().length >= 250);

    expect(numbersOf(receiver.accepted())).to.deep.equal(upTo(250));
    expect(receiver.posts.map(({ events }) => events.length)).to.deep.equal([100, 100, 50]);
    expect(receiver.posts[0]?.headers).to.include({
      'content-type': 'application/vnd.docker.distribution.events.v1+json',
      'x-token': 's3cret, second',
    });
    await eventually('the queue is empty', async () => {
      const { queued, dead } = await inspectEndpoint(world.objects, 'hook');
      return queued === 0 && dead === 0;
    });
  });

  it('sends an event to all endpoints that want it, each with its own pace', async () => {
    await using world = await outboxWorld();
    await using good = await startReceiver();
    await using bad = await startReceiver();
    bad.answer(() => 500);
    const endpoints = [
      endpointAt(good.url, { name: 'good', ignore: { mediatypes: [], actions: ['delete'] } }),
      endpointAt(bad.url, { name: 'bad' }),
      endpointAt(good.url, {
        name: 'no blobs',
        ignore: { mediatypes: ['application/octet-stream'], actions: [] },
      }),
    ];
    const notifier = world.notifier(endpoints);
    for (const endpoint of endpoints) world.worker(endpoint);
    await notifier.changed([push(1)], FACTS);
    await notifier.changed([{ action: 'delete', repository: 'r/2', tag: 'v1' }], FACTS);
    await eventually('the good ones have theirs', () => good.accepted().length === 2);
    await eventually('the bad one was asked', () => bad.posts.length > 2);
    const ids = (posts: typeof good.posts) => [...new Set(posts.flatMap((p) => p.events.map((e) => e.id)))];
    expect(good.accepted().map(({ action }) => action)).to.have.members(['push', 'delete']);
    // One event has one id, wherever it goes.
    expect(ids(bad.posts)).to.have.members(ids(good.posts));
  });

  it('tries again after errors, pauses, and then continues where it was', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    receiver.answer((_, post) => [500, 503, 429, 408][post] ?? 200);
    const endpoint = endpointAt(receiver.url);
    const notifier = world.notifier([endpoint]);
    for (const n of upTo(3)) await notifier.changed([push(n)], FACTS);
    world.worker(endpoint);
    await eventually('all are delivered', () => receiver.accepted().length === 3);
    expect(receiver.posts.map(({ status }) => status)).to.deep.equal([500, 503, 429, 408, 200]);
    expect(numbersOf(receiver.accepted())).to.deep.equal([0, 1, 2]);
    const wasLogged = (text: string) => world.logged.some(({ message }) => message === text);
    expect(wasLogged('an endpoint takes no events: pausing')).to.equal(true);
    // The receiver answers a moment before the worker has taken the answer in.
    await eventually('its return is logged', () => wasLogged('an endpoint takes events again'));
  });

  it('waits for a receiver that is not there, and does not follow one that hangs into eternity', async () => {
    await using world = await outboxWorld();
    const port = await freePort();
    const endpoint = endpointAt(`http://127.0.0.1:${port}/hook`, { timeout: 1500 });
    const notifier = world.notifier([endpoint]);
    world.worker(endpoint);
    for (const n of upTo(5)) await notifier.changed([push(n)], FACTS);
    await eventually('it has failed', () =>
      world.logged.some(({ fields }) => fields['reason'] === 'connection refused'),
    );
    await using receiver = await startReceiver(port);
    receiver.answer((_, post) => (post === 0 ? 'hang' : 204));
    await eventually('all are delivered', () => receiver.accepted().length >= 5);
    expect(numbersOf(receiver.accepted())).to.deep.equal(upTo(5));
  });

  it('continues with new instances over the same store', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    const endpoint = endpointAt(receiver.url);
    receiver.answer(() => 502);
    await using before = world.notifier([endpoint]);
    for (const n of upTo(10)) await before.changed([push(n)], FACTS);
    {
      await using _ = world.worker(endpoint);
      const wasTold = async () => {
        const { delivery } = await inspectEndpoint(world.objects, 'hook');
        return delivery?.lastError !== undefined;
      };
      await eventually('it was tried, and what came of it is known', wasTold);
    }
    await before[Symbol.asyncDispose]();
    const { delivery, queued } = await inspectEndpoint(world.objects, 'hook');
    expect(queued).to.equal(10);
    expect(delivery?.lastError?.reason).to.equal('it answers 502');
    expect(delivery?.failures).to.be.greaterThan(0);

    receiver.answer(() => 200);
    await world.notifier([endpoint]).changed([push(10)], FACTS);
    world.worker(endpoint);
    await eventually('all are delivered', () => receiver.accepted().length >= 11);
    expect(numbersOf(receiver.accepted())).to.deep.equal(upTo(11));
  });

  it('skips what it cannot read, logs it once, and leaves it', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    const endpoint = endpointAt(receiver.url);
    const notifier = world.notifier([endpoint]);
    const item = { tick: nextTick(), id: crypto.randomUUID(), kind: 'change', events: 1 } as const;
    const [later, empty] = [crypto.randomUUID(), crypto.randomUUID()];
    const keyOf = (id: string) => itemKey(queuePrefix('hook'), { ...item, id });
    await world.objects.put(keyOf(later), Buffer.from('{"version":2}\n'));
    await world.objects.put(keyOf(empty), Buffer.from('{"version":1}\n'));
    world.worker(endpoint);
    for (const n of upTo(3)) {
      await notifier.changed([push(n)], FACTS);
      await eventually('it is delivered', () => receiver.accepted().length === n + 1);
    }
    expect(world.logged.filter(({ message }) => message === 'cannot read events')).to.have.lengthOf(1);
    expect(await world.objects.stat(keyOf(later))).to.not.equal(undefined);
  });

  it('sends pulls within about a second, many in one object', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    const endpoint = endpointAt(receiver.url);
    const notifier = world.notifier([endpoint]);
    world.worker(endpoint);
    for (const n of upTo(500)) notifier.pulled(pull(n), FACTS);
    expect((await inspectEndpoint(world.objects, 'hook')).queued).to.equal(0);
    await eventually('all are delivered', () => receiver.accepted().length === 500);
    expect(numbersOf(receiver.accepted())).to.deep.equal(upTo(500));
    expect(receiver.accepted().every(({ action }) => action === 'pull')).to.equal(true);
  });
});

describe('events that a receiver refuses', () => {
  /** Refuses every POST with one of these in it. */
  const refusing =
    (numbers: readonly number[], status: number) => (events: Parameters<typeof numbersOf>[0]) =>
      numbersOf(events).some((n) => numbers.includes(n)) ? status : 200;

  it('become dead letters, one by one, and all others arrive in order', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    receiver.answer(refusing([7, 30], 400));
    const endpoint = endpointAt(receiver.url, { threshold: 100, backoff: 1 });
    const notifier = world.notifier([endpoint]);
    // Several events in one object, as one request's are.
    for (const n of upTo(10))
      await notifier.changed(
        upTo(5).map((i) => push(5 * n + i)),
        FACTS,
      );
    world.worker(endpoint);
    await eventually('all others are delivered', () => receiver.accepted().length >= 48);
    expect(numbersOf(receiver.accepted())).to.deep.equal(upTo(50).filter((n) => n !== 7 && n !== 30));
    // Ten attempts before anything is given up, then halves.
    expect(receiver.posts.slice(0, 10).every(({ events }) => events.length === 50)).to.equal(true);

    await eventually(
      'the queue is empty',
      async () => (await inspectEndpoint(world.objects, 'hook')).queued === 0,
    );
    const { dead, newestDead } = await inspectEndpoint(world.objects, 'hook');
    expect(dead).to.equal(2);
    expect(newestDead.map(({ reason }) => reason)).to.deep.equal(['it answers 400', 'it answers 400']);
    const letters = newestDead.flatMap(({ events }) => events.map((json) => JSON.parse(json)));
    expect(numbersOf(letters)).to.deep.equal([30, 7]);

    receiver.answer(() => 200);
    expect(await requeueDead(world.objects, endpoint)).to.deep.equal({ requeued: 2, left: 0, damaged: 0 });
    await eventually('they are delivered too', () => receiver.accepted().length === 50);
    expect(numbersOf(receiver.accepted().slice(-2))).to.deep.equal([7, 30]);
    expect((await inspectEndpoint(world.objects, 'hook')).dead).to.equal(0);
  });

  it('as too many at once (413) are sent in smaller batches without delay', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    receiver.answer((events) => (events.length > 30 ? 413 : 200));
    const endpoint = endpointAt(receiver.url, { backoff: 60_000, threshold: 1 });
    const notifier = world.notifier([endpoint]);
    await notifier.changed(upTo(100).map(push), FACTS);
    world.worker(endpoint);
    await eventually('all are delivered', () => receiver.accepted().length === 100);
    expect(numbersOf(receiver.accepted())).to.deep.equal(upTo(100));
  });

  it('by a redirect are neither lost nor sent elsewhere', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    receiver.answer(() => 307);
    const endpoint = endpointAt(receiver.url, { threshold: 100, backoff: 1 });
    await world.notifier([endpoint]).changed([push(0)], FACTS);
    world.worker(endpoint);
    await eventually(
      'it is a dead letter',
      async () => (await inspectEndpoint(world.objects, 'hook')).dead === 1,
    );
    expect(receiver.posts).to.have.lengthOf(10);
    const [letter] = (await inspectEndpoint(world.objects, 'hook')).newestDead;
    expect(letter?.reason).to.match(/^it answers 307, a redirect/);
  });
});

describe('what is logged of notifications', () => {
  it('holds neither headers nor URLs, which may hold secrets', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    receiver.answer((_, post) => (post < 2 ? 500 : 403));
    const endpoint = endpointAt(`${receiver.url}?token=s3cret-in-url`, {
      headers: { Authorization: ['Bearer s3cret'] },
      threshold: 2,
      backoff: 1,
    });
    await world.notifier([endpoint]).changed([push(0)], FACTS);
    world.worker(endpoint);
    await eventually(
      'it is a dead letter',
      async () => (await inspectEndpoint(world.objects, 'hook')).dead === 1,
    );
    expect(receiver.posts[0]?.headers.authorization).to.equal('Bearer s3cret');
    await eventually('the pause and the dead letter are logged', () => world.logged.length > 1);
    const told = JSON.stringify([world.logged, await inspectEndpoint(world.objects, 'hook')]);
    expect(told).not.to.match(/s3cret|Bearer/);
  });
});
