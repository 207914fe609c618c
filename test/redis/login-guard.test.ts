/** Promise: with Redis the login guard decides as without, and no key of it lives for ever or is left by what was refused. */
import { expect } from 'chai';
import { MemoryAttempts } from '../../services/memory/attempts.ts';
import { RedisAttempts } from '../../services/redis/attempts.ts';
import { RedisHealth } from '../../services/redis/health.ts';
import { bursts, hopping, tenHosters } from '../edge/guard/attackers.ts';
import { HOUR_MS, loginsAt } from '../edge/guard/world.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { type Opened, openWorking, settingsOf } from './opened.ts';

const TTLS =
  "local t = {} for i, k in ipairs(redis.call('KEYS', '*')) do t[i] = k .. ' ' .. redis.call('PTTL', k) end return t";

requires(['redis-server', 'redis-cli'])('the login guard with Redis', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let opened: Opened;
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  let counts: RedisAttempts;
  before(async () => {
    redis = await startRedis();
    opened = await openWorking({ addr: redis.address });
    // The most that may be: one command that is late would be counted in memory.
    const settings = settingsOf({ addr: redis.address, readtimeout: '3s' });
    const health = new RedisHealth(settings, opened.witness.logger, opened.witness.hooks);
    counts = new RedisAttempts(opened.connection, { ...settings, now: () => clock.nowMs }, health);
  });
  after(async () => {
    await opened[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });
  const ttls = async () =>
    (await redis.cli('eval', TTLS, '0')).split('\n').filter((line) => line.includes('login-'));
  const names = async () => (await ttls()).map((line) => line.split(' ')[0]);

  it('decides as without, over a day of bursts', async () => {
    const withRedis = loginsAt(clock, counts);
    const without = loginsAt(clock, new MemoryAttempts({ now: () => clock.nowMs }));
    const startMs = clock.nowMs;
    const botnet = { addresses: tenHosters().addresses.filter((_, i) => i % 100 === 0) };
    let guesses = 0;
    const differences: unknown[] = [];
    const attempt = async (address: string, name = 'alice') => {
      const password = guesses++ % 97 === 0 ? 'right' : `guess ${guesses}`;
      const [one, other] = [await withRedis(name, address, password), await without(name, address, password)];
      if (one !== other) differences.push({ address, name, one, other });
      return typeof one === 'number' ? one : 0;
    };
    for (let second = 0; second < 24 * 3600; second += 900) {
      clock.nowMs = startMs + second * 1000;
      for (const strategy of [bursts, hopping]) await strategy(botnet, second, attempt);
      await attempt(`192.0.2.${second % 7}`, `bob${second % 3}`);
    }
    expect(differences).to.deep.equal([]);
    expect(guesses).to.be.above(1000);
  });

  it('gives every key an end, whatever is added, taken back or forgotten', async () => {
    await counts.add('pair:gone', 1, 5);
    clock.nowMs += 10;
    await counts.add('pair:gone', -1, 60_000);
    await counts.add('pair:never', -1, 60_000);
    await counts.add('pair:short', 2, 60_000);
    await counts.add('pair:short', -1, 60_000);
    const lines = await ttls();
    expect(lines).to.have.length.above(20);
    expect(lines.filter((line) => !(Number(line.split(' ')[1]) > 0))).to.deep.equal([]);
    expect(lines.filter((line) => /pair:(gone|never)/.test(line))).to.deep.equal([]);
  });

  it('makes nobody wait longer than a wait takes when a clock is set back', async () => {
    const [gate, count] = ['pair:gate', 'pair:count'] as const;
    expect(await counts.pass(gate, 60_000)).to.equal(0);
    expect(await counts.add(count, 1, 60_000)).to.equal(1);
    clock.nowMs -= 30 * 24 * HOUR_MS;
    expect(await counts.pass(gate, 60_000)).to.equal(60_000);
    expect(await counts.add(count, 1, 60_000)).to.equal(2);
    clock.nowMs += 59_000;
    expect(await counts.pass(gate, 60_000)).to.equal(1000);
    clock.nowMs += 1000;
    expect(await counts.pass(gate, 60_000)).to.equal(0);
    expect(await counts.read(count)).to.equal(0);
    for (const line of (await ttls()).filter((each) => /pair:(gate|count)/.test(each)))
      expect(Number(line.split(' ')[1]), line).to.be.within(1, 60_000);
    clock.nowMs += 30 * 24 * HOUR_MS;
  });

  it('leaves no keys of attempts that it refused', async () => {
    const login = loginsAt(clock, counts);
    for (let i = 0; i < 60; i++) await login(`user${i}`, '203.0.113.1', 'x');
    // Until it has to wait for longer than this test takes: Redis forgets by its own clock.
    let waitSeconds = 0;
    for (let i = 0; i < 50 && waitSeconds < 30; i++) {
      clock.nowMs += waitSeconds * 1000;
      const answer = await login(`more${i}`, '203.0.113.1', 'x');
      waitSeconds = typeof answer === 'number' ? answer : 0;
    }
    expect(waitSeconds).to.be.at.least(30);
    const before = await names();
    for (let i = 0; i < 300; i++) expect(await login(`made-up-${i}`, '203.0.113.1', 'x')).to.be.a('number');
    expect((await names()).filter((name) => !before.includes(name))).to.deep.equal([]);
    expect(opened.witness.failures.get('attempts'), 'kept in memory').to.equal(undefined);
  });
});
