import { expect } from 'chai';
import { WaitQueue } from '../../services/registry/access/wait-queue.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';

/** Logins cost a hash, or a request to another service: a flood of them is refused instead of gathering. */
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
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: unknown) => (error instanceof RegistryError ? error.kind : (error as Error).name),
    );
  const options = { atOnce: 2, waiting: 2, waitMaxMs: 60_000, refusal: 'too many' };

  it('runs as many at once as it may, and the others in the order in which they came', async () => {
    const log: string[] = [];
    const queue = new WaitQueue(options);
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
    const queue = new WaitQueue(options);
    const calls = ['a', 'b', 'c', 'd'].map((name) => call(queue, log, name));
    expect(await codeOf(call(queue, log, 'e').done)).to.equal('TOO_MANY_REQUESTS');
    for (const { end } of calls) end();
    await Promise.all(calls.map(({ done }) => done));
    expect(log).not.to.include('e');
  });

  it('refuses what has waited too long, and lets it go when its signal aborts', async () => {
    const log: string[] = [];
    const queue = new WaitQueue({ ...options, atOnce: 1, waitMaxMs: 20 });
    const first = call(queue, log, 'a');
    const stop = new AbortController();
    const gone = call(queue, log, 'b', stop.signal);
    const late = call(queue, log, 'c');
    stop.abort();
    expect(await codeOf(gone.done)).to.equal('AbortError');
    expect(await codeOf(late.done)).to.equal('TOO_MANY_REQUESTS');
    first.end();
    await first.done;
    const next = call(queue, log, 'd');
    next.end();
    await next.done;
    expect(log).to.deep.equal(['a', 'd']);
  });

  it('hands the place on when a call fails', async () => {
    const queue = new WaitQueue({ ...options, atOnce: 1 });
    const failing = queue.run(() => Promise.reject(new RangeError('no')));
    const next = queue.run(async () => 'next');
    expect(await codeOf(failing)).to.equal('RangeError');
    expect(await next).to.equal('next');
  });
});
