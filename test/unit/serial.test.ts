import { expect } from 'chai';
import { Serial } from '../../services/registry/serial.ts';

/** One tag's moves happen one after the other; other tags do not wait for them. */
describe('Serial', () => {
  it('runs acts under one key in the order asked, each after the end of the one before', async () => {
    const serial = new Serial();
    const seen: string[] = [];
    const act = (name: string) => async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
    };
    await Promise.all([serial.run('k', act('a')), serial.run('k', act('b')), serial.run('k', act('c'))]);
    expect(seen).to.deep.equal(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('goes on after an act that failed, and tells only its own caller', async () => {
    const serial = new Serial();
    const failing = serial.run('k', () => Promise.reject(new Error('no')));
    const after = serial.run('k', async () => 'done');
    expect(await failing.catch((error: Error) => error.message)).to.equal('no');
    expect(await after).to.equal('done');
  });

  it('does not let one key wait for another', async () => {
    const serial = new Serial();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = serial.run('slow', () => promise);
    expect(await serial.run('quick', async () => 'done')).to.equal('done');
    resolve();
    await slow;
  });
});
