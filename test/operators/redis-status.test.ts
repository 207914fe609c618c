/** Promise: `roadstead status` tells that Redis is away, which node says so, and why; and that it is back. */
import { hostname } from 'node:os';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';

requires(['redis-server', 'redis-cli'])('the status of a registry with Redis', () => {
  it('is degraded while Redis is down, and ok when it is back', async function () {
    this.timeout(60_000);
    await using redis = await startRedis();
    await using registry = await startRegistry({
      config: (config) => ({ ...config, redis: { addr: redis.address } }),
    });
    const status = () => registry.cli(['status'], { allowFailure: true });
    const fine = await status();
    expect(fine.stdout).to.match(/^ok: /);
    expect(fine.code).to.equal(0);
    await redis.signal('SIGKILL');
    const problems = async () =>
      ((await (await fetch(`${registry.url}/api/v1/status`)).json()) as { problems: string[] }).problems;
    await eventually('it is noticed', async () => (await problems()).length > 0, 10_000);
    const bad = await status();
    expect(bad.stdout).to.match(/^degraded: /);
    expect(bad.stdout).to.include(`Redis does not answer ${hostname()} (`);
    expect(bad.code).to.equal(2);
    await redis.start();
    await eventually('it is back', async () => (await problems()).length === 0, 10_000);
  });
});
