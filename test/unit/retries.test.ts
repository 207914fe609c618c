/** Promise: who asks for a blob again is known by it, on every node, for a while; who asks for something else is not. */
import { expect } from 'chai';
import { type Asked, Retries } from '../../services/registry/publishing/mirrors/retries.ts';
import { eventually } from '../support/eventually.ts';

const ASKED: Asked = {
  clientAddress: '192.0.2.1',
  authorization: '',
  userAgent: 'docker/28.2',
  repository: 'app',
  digest: 'sha256:aa',
  range: '',
};

/** How often it was noted before; notes it, too. */
function attempt(retries: Retries, asked = ASKED): number {
  const count = retries.count(asked);
  retries.note(asked);
  return count;
}

describe('the memory of retries', () => {
  it('counts what is asked again', () => {
    using retries = new Retries({ announce: () => undefined });
    expect([1, 2, 3].map(() => attempt(retries))).to.deep.equal([0, 1, 2]);
  });

  for (const other of [
    { clientAddress: '192.0.2.2' },
    { authorization: 'Bearer another' },
    { userAgent: 'skopeo/1.9' },
    { repository: 'app/other' },
    { digest: 'sha256:bb' },
    { range: 'bytes=100-' },
    // Neighbouring parts are not run together.
    { authorization: 'docker/28.2', userAgent: '' },
  ])
    it(`takes ${JSON.stringify(other)} for another request`, () => {
      using retries = new Retries({ announce: () => undefined });
      attempt(retries);
      expect(attempt(retries, { ...ASKED, ...other })).to.equal(0);
    });

  it('forgets after two minutes', () => {
    let now = 1;
    using retries = new Retries({ announce: () => undefined, now: () => now });
    attempt(retries);
    now += 119_000;
    expect(attempt(retries)).to.equal(1);
    now += 121_000;
    expect(attempt(retries)).to.equal(0);
  });

  it('is shared: another node continues the count, and no message names a client', async () => {
    using there = new Retries({ announce: () => undefined });
    const told: string[] = [];
    using here = new Retries({
      announce: (keys) => {
        told.push(...keys);
        there.heard(keys);
      },
    });
    attempt(here);
    await eventually('it is told', () => told.length === 1);
    expect(attempt(there)).to.equal(1);
    expect(told.join()).to.match(/^[\w-]{16}$/);
  });
});
