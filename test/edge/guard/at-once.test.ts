/** Promise: attempts that are made at once get no more tries than those in a row, and those that have to wait leave no trace. */
import { expect } from 'chai';
import { MemoryAttempts } from '../../../services/memory/attempts.ts';
import { DoublingWait } from '../../../services/registry/access/login-guard/doubling-wait.ts';
import { StrangersBudget } from '../../../services/registry/access/login-guard/strangers-budget.ts';

const AT_ONCE = 100;
const HOUR_MS = 3_600_000;

/** The same attempt, many times without waiting for any of them. */
const atOnce = <T>(attempt: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, attempt));

describe('attempts at once', () => {
  it('of strangers from one network have few tries at an account, and most have to wait', async () => {
    const strangers = new StrangersBudget(new MemoryAttempts(), 5, () => Date.UTC(2026, 0, 1));
    const [account, network, supernet] = [
      'account:alice',
      'network:alice 192.0.2.0/24',
      'network:alice 192.0.0.0/16',
    ] as const;
    const enter = () => strangers.enter({ account, networks: () => ({ network, supernet }) });
    const admissions = await atOnce(enter);
    expect(admissions.filter(({ waitMs }) => waitMs === 0)).to.have.length.within(5, 12);
    for (const { waitMs } of admissions) expect(waitMs).to.be.within(0, HOUR_MS);
  });

  it('beyond the free ones let one more pass, and the others are not counted', async () => {
    const counts = new MemoryAttempts();
    const wait = new DoublingWait(counts, 300_000);
    const tier = { key: 'pair:alice 192.0.2.1', free: 3 } as const;
    const waits = await atOnce(() => wait.enter(tier));
    expect(waits.filter((waitMs) => waitMs === 0)).to.have.length(4);
    expect(await counts.read(tier.key)).to.equal(4);
  });
});
