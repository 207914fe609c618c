/**
 * Promise: a client that comes back for a blob after a redirect is not sent again to a mirror that may have failed it, at
 * any node and for any blob, for some minutes; what it met is a doubt in the mirror. A client that fetches parts, and a
 * client that met no trouble, are sent as ever.
 */
import { expect } from 'chai';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { ORIGIN, someBlobs, TroubleLab } from './trouble-lab.ts';

const BLOBS = someBlobs(40);
const [BLOB, OTHER] = BLOBS as [Sha256Digest, Sha256Digest];

describe('a client in trouble', () => {
  it('that comes back for a blob is sent to another mirror, then to the next one, then served', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b', 'c'] });
    const asked = [1, 2, 3, 4].map(() => lab.ask('client', BLOB));
    expect(new Set(asked.slice(0, 3))).to.deep.equal(new Set(['a', 'b', 'c']));
    expect(asked[3]).to.equal(ORIGIN);
    expect(lab.ask('another', BLOB)).to.equal(asked[0]);
  });

  it('raises a doubt in the mirror that it came back from, about the blob that it asked for', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const first = lab.ask('client', BLOB);
    expect(lab.doubts).to.deep.equal([]);
    lab.ask('client', BLOB);
    expect(lab.doubts).to.deep.equal([{ mirror: first, digest: BLOB, key: 'client', atMs: lab.nowMs }]);
  });

  it('does not get that mirror for other blobs either, for five minutes', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b', 'c'] });
    const failed = lab.ask('client', BLOB);
    lab.ask('client', BLOB);
    for (const blob of BLOBS.slice(1, 20)) expect(lab.ask('client', blob)).not.to.equal(failed);
    lab.nowMs += 299_000;
    for (const blob of someBlobs(20, 'later')) expect(lab.ask('client', blob)).not.to.equal(failed);
    lab.nowMs += 2000;
    const after = someBlobs(20, 'after').map((blob) => lab.ask('client', blob));
    expect(after).to.include(failed);
  });

  it('is not recognised by a request after two minutes: that is another pull', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const first = lab.ask('client', BLOB);
    lab.nowMs += 121_000;
    expect(lab.ask('client', BLOB)).to.equal(first);
    lab.nowMs += 119_000;
    expect(lab.ask('client', BLOB)).not.to.equal(first);
  });

  it('is known at every node at once', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b', 'c'], nodes: 3 });
    const asked = [0, 1, 2].map((node) => lab.ask('client', BLOB, { node }));
    expect(new Set(asked).size).to.equal(3);
    expect(lab.ask('client', BLOB, { node: 0 })).to.equal(ORIGIN);
    for (const node of [0, 1, 2]) expect(lab.ask('client', OTHER, { node })).to.equal(ORIGIN);
  });

  it('fetches parts of a blob as ever: they are no repetition, and nobody doubts', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const parts = Array.from({ length: 50 }, () => lab.ask('client', BLOB, { isPart: true }));
    expect(new Set(parts).size).to.equal(1);
    expect(parts[0]).not.to.equal(ORIGIN);
    expect(lab.ask('client', BLOB)).to.equal(parts[0]);
    expect(lab.doubts).to.deep.equal([]);
  });

  it('is not sent for parts to a mirror that failed it, and they do not count as its tries', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const failed = lab.ask('client', BLOB);
    const other = lab.ask('client', BLOB);
    for (let i = 0; i < 50; i++) expect(lab.ask('client', BLOB, { isPart: true })).to.equal(other);
    expect([failed, other].toSorted()).to.deep.equal(['a', 'b']);
    expect(lab.doubts.length).to.equal(1);
  });

  it('gets a mirror that it never tried before the origin, also after the bad one was taken out', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const failed = lab.ask('client', BLOB);
    lab.down(failed);
    expect(lab.ask('client', BLOB)).to.equal(failed === 'a' ? 'b' : 'a');
  });

  it('is served while any of the mirrors that it used may be the bad one, until one of them is found out', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const first = new Map(BLOBS.slice(0, 20).map((blob) => [blob, lab.ask('client', blob)]));
    expect(new Set(first.values())).to.deep.equal(new Set(['a', 'b']));
    for (const blob of first.keys()) expect(lab.ask('client', blob)).to.equal(ORIGIN);

    const [digest, bad] = [...first][0] as [Sha256Digest, string];
    const good = bad === 'a' ? 'b' : 'a';
    lab.prove({ mirror: bad, digest });
    const doubted = lab.doubts.filter(({ mirror }) => mirror === good);
    for (const doubt of doubted) lab.refute(doubt);
    expect(doubted.length).to.be.greaterThan(0);
    for (const blob of someBlobs(20, 'rest')) expect(lab.ask('client', blob)).to.equal(good);
  });

  it('is served by suspicion alone for at most one large image in two minutes', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    for (const blob of BLOBS) lab.ask('client', blob);
    const failed = [...new Set(BLOBS.map((blob) => new TroubleLab({ mirrors: ['a', 'b'] }).ask('x', blob)))];
    expect(failed.length).to.equal(2);
    lab.ask('client', BLOB);
    const suspects = someBlobs(200, 'large').map((blob) => lab.ask('client', blob));
    expect(suspects.filter((each) => each === ORIGIN).length).to.equal(127);
    const [marked] = lab.doubts;
    expect(suspects).not.to.include(marked?.mirror);
  });
});
