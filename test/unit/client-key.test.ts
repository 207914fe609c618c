/** Promise: a client keeps its key from one pull to its next, whatever its tokens and ranges; other clients have other keys. */
import { expect } from 'chai';
import { rangeKindOf } from '../../services/api/pull/asked-range.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import {
  blobKeyOf,
  type ClientTraits,
  clientKeyOf,
} from '../../services/registry/publishing/mirrors/trouble/client-key.ts';

const CLIENT: ClientTraits = {
  ...{ address: '192.0.2.1', userAgent: 'docker/28.2' },
  ...{ principalKind: 'user', principalName: 'ann' },
};

describe("a client's key", () => {
  it('is the same each time, short, and names nobody', () => {
    expect(clientKeyOf(CLIENT)).to.equal(clientKeyOf({ ...CLIENT }));
    expect(clientKeyOf(CLIENT)).to.match(/^[\w-]{16}$/);
  });

  for (const other of [
    { address: '192.0.2.2' },
    { principalKind: 'robot' },
    { principalName: 'bob' },
    { userAgent: 'skopeo/1.9' },
    // Neighbouring parts are not run together.
    { principalName: 'anndocker', userAgent: '/28.2' },
  ])
    it(`is another one with ${JSON.stringify(other)}`, () => {
      expect(clientKeyOf({ ...CLIENT, ...other })).not.to.equal(clientKeyOf(CLIENT));
    });
});

it("a blob's key is the beginning of its digest", () => {
  const digest = digestOf(Buffer.from('layer'));
  expect(digest.startsWith(`sha256:${blobKeyOf(digest)}`)).to.equal(true);
  expect(blobKeyOf(digest)).to.have.length(16);
});

describe('the kind of a Range', () => {
  for (const [header, kind] of [
    ['', undefined],
    ['bytes=0-', undefined],
    ['bytes=51984-', 'resume'],
    ['Bytes=1-', 'resume'],
    ['bytes=92-1000', 'resume'],
    ['bytes=0-1000', undefined],
    ['bytes=92-999', 'part'],
    ['bytes=0-99', 'part'],
    ['bytes=100-199', 'part'],
    ['bytes=-500', 'part'],
    ['bytes=0-9,20-29', 'part'],
    ['bytes=100-,0-9', 'part'],
    // What is answered with the whole blob asks for the whole blob.
    ['bytes=a-b', undefined],
    ['lines=3-', undefined],
  ] as const)
    it(`${JSON.stringify(header)} is ${kind ?? 'a request of the whole'}`, () => {
      expect(rangeKindOf(header, 1000)).to.equal(kind);
    });
});
