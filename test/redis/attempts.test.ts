/** Promise: failed logins go on being counted while Redis is gone, and no login waits for it. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { openWorking } from './opened.ts';

requires(['redis-server', 'redis-cli'])('counts of failed logins while Redis is gone', function () {
  this.timeout(60_000);

  it('are kept by each process, and shared again when it is back', async () => {
    await using redis = await startRedis();
    await using here = await openWorking({ addr: redis.address });
    await using there = await openWorking({ addr: redis.address });
    expect(await here.attempts.add('client:a', 1, 60_000)).to.equal(1);
    expect(await there.attempts.add('client:a', 1, 60_000)).to.equal(2);
    await redis.signal('SIGKILL');
    expect(await here.attempts.add('client:a', 1, 60_000)).to.equal(1);
    expect(await here.attempts.add('client:a', 1, 60_000)).to.equal(2);
    expect(await here.attempts.pass('client:a', 60_000)).to.equal(0);
    expect(await here.attempts.pass('client:a', 60_000)).to.be.above(0);
    expect(await there.attempts.read('client:a')).to.equal(0);
    expect(here.witness.failures.get('attempts')).to.be.above(0);
    await redis.start();
    const isShared = async () => {
      const name = `client:${crypto.randomUUID()}` as const;
      await here.attempts.add(name, 1, 60_000);
      return (await there.attempts.read(name)) === 1;
    };
    await eventually('counts are shared', isShared, 20_000, 100);
  });

  it('keep no login waiting for a Redis that is silent, but one each two seconds', async () => {
    await using redis = await startRedis();
    await using here = await openWorking({
      addr: redis.address,
      writetimeout: '300ms',
      readtimeout: '300ms',
    });
    await redis.signal('SIGSTOP');
    const startedAt = performance.now();
    for (let i = 0; i < 100; i++) await here.attempts.add('client:a', 1, 60_000);
    const tookMs = performance.now() - startedAt;
    await redis.signal('SIGCONT');
    // Each one that Redis kept waiting has failed.
    expect(here.witness.failures.get('attempts')).to.be.within(1, 1 + Math.floor(tookMs / 2000));
  });
});
