/** Promise: a ledger never has more missing blobs than it can store, and no blob is forgotten for that. */
import { expect } from 'chai';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { MISSING_MAX } from '../../services/registry/publishing/mirrors/ledger.ts';
import { NEAR, openSession, storeWith } from './mirror-world.ts';

describe('the blobs that a mirror lacks', () => {
  const stop = new AbortController();
  after(() => stop.abort());
  const missing = Array.from({ length: MISSING_MAX }, (_, i) => ({
    ...{ digest: digestOf(Buffer.from(`lacking ${i}`)), sizeBytes: 1, seq: 1, reason: '404' },
    since: '2001-01-01T00:00:00Z',
  }));
  const open = async (ledger: object) => {
    const objects = storeWith(9);
    const options = { objects, url: '', signal: stop.signal, ledger: { watermark: 9, ...ledger } };
    return { ...(await openSession(options)), objects };
  };

  it('are noted once each, with the first time that it was known', async () => {
    const { session } = await open({});
    const blob = { digest: digestOf(Buffer.from('a')), sizeBytes: 3, seq: 4 };
    session.lacks(blob, 'the first reason');
    const [{ since } = { since: '' }] = session.ledger.missing;
    session.lacks(blob, 'the second', 60_000);
    expect(session.ledger.missing).to.have.lengthOf(1);
    expect(session.ledger.missing[0]).to.include({ since, reason: 'the second', seq: 4 });
    expect(Date.parse(session.ledger.missing[0]?.retryAt ?? '')).to.be.above(Date.now());
    session.holds(blob.digest);
    expect(session.ledger.missing).to.deep.equal([]);
  });

  it('are an object of their own if they are many, and are whole there when the ledger has changed', async () => {
    const { session, keeper, stored, objects } = await open({ missing: missing.slice(0, 100) });
    const { put } = objects;
    objects.put = async (...args) => {
      objects.put = put;
      // While the set is written.
      session.lacks({ digest: digestOf(Buffer.from('b')), sizeBytes: 1, seq: 5 }, '404');
      session.update({ watermark: 5 });
      return put.apply(objects, args);
    };
    await keeper.write();
    const first = (await stored())?.mirrors[NEAR];
    expect(first).to.include({ watermark: 9 });
    expect(first?.missing).to.deep.equal([]);
    await keeper.write();
    expect((await stored())?.mirrors[NEAR]?.watermark).to.equal(5);
    expect((await stored())?.mirrors[NEAR]?.missingVersion).to.not.equal(first?.missingVersion);
  });

  it('are not more than can be stored: the mirror counts as behind instead', async () => {
    const { session, keeper, stored } = await open({ missing });
    expect(session.lacks({ digest: digestOf(Buffer.from('c')), sizeBytes: 1, seq: 6 }, '404')).to.equal(
      false,
    );
    expect(session.ledger.watermark).to.equal(5);
    expect(session.ledger.missing).to.have.lengthOf(MISSING_MAX);
    await keeper.write();
    expect((await stored())?.mirrors[NEAR]?.watermark).to.equal(5);
  });
});
