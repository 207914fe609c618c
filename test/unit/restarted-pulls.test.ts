/**
 * Promise: a client that begins an image a second time and still needs blobs is sent to mirrors that it did not use for it before,
 * even for a blob that it had not asked for, by every node. Nothing is held against a mirror for that: nobody doubts, none
 * is excluded, and the same image later is pulled as ever.
 */
import { expect } from 'chai';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { someBlobs, TroubleLab } from './trouble-lab.ts';

const BLOBS = someBlobs(40);
const [IMAGE, OTHER_IMAGE] = someBlobs(2, 'manifest') as [Sha256Digest, Sha256Digest];

/** A blob that comes after the first one from the same mirror. */
function pullOne(lab: TroubleLab): { mirror: string; next: Sha256Digest } {
  lab.askForManifest('client', IMAGE);
  lab.nowMs += 10;
  const mirror = lab.ask('client', BLOBS[0] as Sha256Digest);
  lab.nowMs += 10;
  const next = BLOBS.slice(1).find((blob) => lab.ask(`probe ${blob}`, blob) === mirror);
  return { mirror, next: next as Sha256Digest };
}

describe('a client that begins an image a second time', () => {
  it('is sent elsewhere for a blob that it had not asked for', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const { mirror, next } = pullOne(lab);
    lab.askForManifest('client', IMAGE);
    expect(lab.ask('client', next)).to.be.oneOf(['a', 'b'].filter((each) => each !== mirror));
    expect(lab.doubts).to.deep.equal([]);
  });

  it('also if it asks for its manifests by tag and by digest each time', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    lab.askForManifest('client', IMAGE);
    const { mirror, next } = pullOne(lab);
    for (let i = 0; i < 2; i++) {
      lab.askForManifest('client', IMAGE);
      lab.nowMs += 10;
    }
    expect(lab.ask('client', next)).not.to.equal(mirror);
  });

  it('is known at every node, whichever saw the manifest twice', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'], nodes: 3 });
    lab.askForManifest('client', IMAGE, { node: 1 });
    const { mirror, next } = pullOne(lab);
    expect(lab.ask('client', next, { node: 2 })).to.equal(mirror);
    const after = BLOBS.slice(20).find((blob) => lab.ask(`probe ${blob}`, blob) === mirror) as Sha256Digest;
    lab.askForManifest('client', IMAGE, { node: 1 });
    lab.askForManifest('client', IMAGE, { node: 2 });
    expect(lab.ask('client', after, { node: 2 })).not.to.equal(mirror);
  });

  it('is sent to the same mirror if there is no other one', () => {
    using lab = new TroubleLab({ mirrors: ['a'] });
    const { next } = pullOne(lab);
    lab.askForManifest('client', IMAGE);
    expect(lab.ask('client', next)).to.equal('a');
  });

  it('is not one that continues an image, or that asks for another one', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const { mirror, next } = pullOne(lab);
    expect(lab.ask('client', next)).to.equal(mirror);
    const after = BLOBS.slice(20).find((blob) => lab.ask(`probe ${blob}`, blob) === mirror) as Sha256Digest;
    lab.nowMs += 10;
    lab.askForManifest('client', OTHER_IMAGE);
    expect(lab.ask('client', after)).to.equal(mirror);
  });

  it('is as any other client to the registry two minutes later', () => {
    using lab = new TroubleLab({ mirrors: ['a', 'b'] });
    const { mirror, next } = pullOne(lab);
    lab.askForManifest('client', IMAGE);
    lab.nowMs += 121_000;
    expect(lab.ask('client', next)).to.equal(mirror);
  });
});
