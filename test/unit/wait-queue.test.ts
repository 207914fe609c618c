import { expect } from 'chai';
import { WaitQueue } from '../../services/registry/runtime/wait-queue.ts';

/** Bounds what runs at once: logins, whose flood is refused instead of gathering, and requests to S3. */
describe('WaitQueue', () => {
  /** A call that runs until it is ended. */
  const call = (queue: WaitQueue, log: string[], name: string, signal?: AbortSignal) => {
    const { promise, resolve: end } = Promise.withResolvers<void>();
    const done = queue.run(async () => {
      log.push(name);
      await promise;
      return name;
    }, signal);
    // Looked at later.
    done.catch(() => undefined);
    return { end, done };
  };
  const nameOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: Error) => error.name,
    );
  const limits = { waiting: 2, waitMaxMs: 60_000, refuse: () => new RangeError('too many') };

  it('runs as many at once as it may, and the others in the order in which they came', async () => {
    const log: string[] = [];
    const queue = new WaitQueue({ atOnce: 2, limits });
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => call(queue, log, name));
    expect(log).to.deep.equal(['a', 'b']);
    b?.end();
    expect(await b?.done).to.equal('b');
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).to.deep.equal(['a', 'b', 'c']);
    for (const each of [a, c, d]) each?.end();
    expect(await Promise.all([a?.done, c?.done, d?.done])).to.deep.equal(['a', 'c', 'd']);
    expect(log).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('refuses at once what would wait beyond the limit', async () => {
    const log: string[] = [];
    const queue = new WaitQueue({ atOnce: 2, limits });
    const calls = ['a', 'b', 'c', 'd'].map((name) => call(queue, log, name));
    expect(await nameOf(call(queue, log, 'e').done)).to.equal('RangeError');
    for (const { end } of calls) end();
    await Promise.all(calls.map(({ done }) => done));
    expect(log).not.to.include('e');
  });

  it('refuses what has waited too long, and lets it go when its signal aborts', async () => {
    const log: string[] = [];
    const queue = new WaitQueue({ atOnce: 1, limits: { ...limits, waitMaxMs: 20 } });
    const first = call(queue, log, 'a');
    const stop = new AbortController();
    const gone = call(queue, log, 'b', stop.signal);
    const late = call(queue, log, 'c');
    stop.abort();
    expect(await nameOf(gone.done)).to.equal('AbortError');
    expect(await nameOf(late.done)).to.equal('RangeError');
    first.end();
    await first.done;
    const next = call(queue, log, 'd');
    next.end();
    await next.done;
    expect(log).to.deep.equal(['a', 'd']);
  });

  it('hands the place on when a call fails', async () => {
    const queue = new WaitQueue({ atOnce: 1 });
    const failing = queue.run(() => Promise.reject(new SyntaxError('no')));
    const next = queue.run(async () => 'next');
    expect(await nameOf(failing)).to.equal('SyntaxError');
    expect(await next).to.equal('next');
  });

  it('lets any number wait without limits, until their signals abort', async () => {
    const log: string[] = [];
    const queue = new WaitQueue({ atOnce: 1 });
    const stop = new AbortController();
    const first = call(queue, log, 'a');
    const gone = call(queue, log, 'gone', stop.signal);
    const others = Array.from({ length: 100 }, (_, i) => call(queue, log, String(i)));
    stop.abort();
    expect(await nameOf(gone.done)).to.equal('AbortError');
    for (const { end } of [first, ...others]) end();
    await Promise.all(others.map(({ done }) => done));
    expect(log).to.deep.equal(['a', ...others.map((_, i) => String(i))]);
  });
});
