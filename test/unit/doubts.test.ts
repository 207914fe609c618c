/** Promise: two clients that doubt a mirror lower its share for everybody, until the doubts are refuted or a minute old. */
import { expect } from 'chai';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { someBlobs, TroubleLab } from './trouble-lab.ts';

const BLOBS = someBlobs(400, 'shares');
const [BLOB] = BLOBS as [Sha256Digest];

/** The share of a mirror among the first requests of new clients. */
function shareOf(lab: TroubleLab, mirror: string, node = 0): number {
  const client = crypto.randomUUID();
  const sent = BLOBS.map((blob) => lab.ask(client, blob, { node }));
  return sent.filter((each) => each === mirror).length / sent.length;
}

/** Clients that come back from the same mirror. */
function doubt(lab: TroubleLab, ...clients: string[]): string {
  const mirrors = clients.map((client) => {
    const first = lab.ask(client, BLOB);
    lab.ask(client, BLOB);
    return first;
  });
  expect(new Set(mirrors).size).to.equal(1);
  return mirrors[0] ?? '';
}

describe('doubts of clients', () => {
  it('of one client change nothing for others', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const mirror = doubt(lab, 'one');
    expect(shareOf(lab, mirror)).to.be.closeTo(1 / 2, 0.1);
  });

  it('of two clients lower the share to a quarter of its weight, for a minute', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const mirror = doubt(lab, 'one', 'two');
    expect(shareOf(lab, mirror)).to.be.closeTo(1 / 5, 0.06);
    lab.nowMs += 59_000;
    expect(shareOf(lab, mirror)).to.be.closeTo(1 / 5, 0.06);
    lab.nowMs += 2000;
    expect(shareOf(lab, mirror)).to.be.closeTo(1 / 2, 0.1);
  });

  it('are over when a full read refutes them', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const mirror = doubt(lab, 'one', 'two');
    lab.refute({ mirror, digest: BLOB });
    expect(shareOf(lab, mirror)).to.be.closeTo(1 / 2, 0.1);
    // A doubt that comes after that is a new one.
    expect(doubt(lab, 'three', 'four')).to.equal(mirror);
    expect(shareOf(lab, mirror)).to.be.closeTo(1 / 5, 0.06);
  });

  it('count at every node', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'], nodes: 3 });
    const mirror = doubt(lab, 'one', 'two');
    for (const node of [0, 1, 2]) expect(shareOf(lab, mirror, node)).to.be.closeTo(1 / 5, 0.06);
  });

  it('are raised once a second by one client about one blob, however often it comes back', () => {
    using lab = new TroubleLab({ mirrors: ['a'] });
    for (let i = 0; i < 200; i++) lab.ask('address', BLOB);
    expect(lab.doubts.length).to.equal(1);
    lab.nowMs += 1001;
    for (let i = 0; i < 10; i++) lab.ask('address', BLOB);
    expect(lab.doubts.length).to.equal(2);
  });
});
