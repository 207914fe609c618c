import { expect } from 'chai';
import { Cached } from '../../services/registry/storage/cached.ts';

/** Bounded staleness, and no wait for what is asked for often: what docs/architecture.md promises of tags. */
describe('Cached', () => {
  let nowMs: number;
  let loads: number;
  let stored: string | undefined;
  let cache: Cached<string>;
  const load = async () => {
    loads++;
    return stored;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    nowMs = 0;
    loads = 0;
    stored = 'a';
    cache = new Cached<string>({ maxSize: 100, sizeOf: () => 1, maxAgeMs: 1000, now: () => nowMs });
  });

  it('takes no answers that never age', () => {
    for (const maxAgeMs of [Number.POSITIVE_INFINITY, Number.NaN])
      expect(() => new Cached({ maxSize: 1, sizeOf: () => 1, maxAgeMs })).to.throw(RangeError);
  });

  it('answers from memory, at once, once warm', async () => {
    await cache.get('k', load);
    expect(cache.get('k', load)).to.equal('a');
    expect(loads).to.equal(1);
  });

  it('never gives an answer older than its age limit', async () => {
    await cache.get('k', load);
    stored = 'b';
    nowMs = 1001;
    expect(await cache.get('k', load)).to.equal('b');
  });

  it('renews an ageing answer behind the back of the one who asks', async () => {
    await cache.get('k', load);
    stored = 'b';
    nowMs = 600;
    expect(cache.get('k', load)).to.equal('a');
    expect(cache.get('k', load)).to.equal('a');
    await turn();
    expect(cache.get('k', load)).to.equal('b');
    expect(loads).to.equal(2);
  });

  it('asks again after a renewal that failed', async () => {
    await cache.get('k', load);
    nowMs = 600;
    cache.get('k', () => Promise.reject(new Error('store down')));
    await turn();
    expect(cache.get('k', load)).to.equal('a');
    await turn();
    expect(loads).to.equal(2);
  });

  it('shares one load among those who miss at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => cache.get('k', load)));
    expect(answers).to.deep.equal(Array(10).fill('a'));
    expect(loads).to.equal(1);
  });

  it('does not remember that something is not there', async () => {
    stored = undefined;
    expect(await cache.get('k', load)).to.equal(undefined);
    stored = 'a';
    expect(await cache.get('k', load)).to.equal('a');
  });

  it('does not remember failures', async () => {
    const failing = cache.get('k', () => Promise.reject(new Error('store down')));
    expect(await Promise.resolve(failing).catch((error: Error) => error.message)).to.equal('store down');
    expect(await cache.get('k', load)).to.equal('a');
  });

  it('does not let a load that began before an invalidation bring the old answer back', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const early = cache.get('k', () => promise);
    cache.invalidate('k');
    resolve('old');
    await early;
    expect(await cache.get('k', load)).to.equal('a');
  });

  it('does not let a load that began before a set replace what was set', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const early = cache.get('k', () => promise);
    cache.set('k', 'new');
    resolve('old');
    await early;
    expect(cache.get('k', load)).to.equal('new');
  });

  it('keeps what is being loaded while other keys are invalidated: nodes hear of every move of every tag', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const early = cache.get('k', () => promise);
    cache.invalidate('another');
    resolve('a');
    await early;
    expect(cache.get('k', load)).to.equal('a');
    expect(loads).to.equal(0);
  });

  it('forgets everything when it is cleared, and lets no load under way bring anything back', async () => {
    await cache.get('k', load);
    const { promise, resolve } = Promise.withResolvers<string>();
    const early = cache.get('other', () => promise);
    cache.clear();
    resolve('old');
    expect(await early).to.equal('old');
    stored = 'b';
    expect([await cache.get('k', load), await cache.get('other', load)]).to.deep.equal(['b', 'b']);
  });

  it('stays within its bound', async () => {
    for (let i = 0; i < 1000; i++) await cache.get(`k${i}`, load);
    // What is kept is answered at once; asking for the rest loads, but not before this loop is over.
    const answers = Array.from({ length: 1000 }, (_, i) => cache.get(`k${i}`, load));
    expect(answers.filter((answer) => answer === 'a')).to.have.lengthOf(100);
    await Promise.all(answers);
  });
});
