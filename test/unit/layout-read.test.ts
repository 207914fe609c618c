/** Promise: what a key of a repository says is what it was made of, and other keys say nothing. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import {
  keeperKey,
  layerLinkKey,
  mirrorDoubtsKey,
  olderLedgerPrefix,
  referrerKey,
  revisionLinkKey,
  tagCurrentKey,
  tagIndexKey,
  tagNameKey,
} from '../../services/registry/storage/layout.ts';
import { nodeOfDoubts, partsPrefix, recordOf } from '../../services/registry/storage/layout-read.ts';
import { digest, repositoryName, sha512Digest, tag } from './arbitraries.ts';

const anyDigest = fc.oneof(digest, sha512Digest);

describe('the record that a key of a repository is', () => {
  it('is what the key was made of', () => {
    fc.assert(
      fc.property(repositoryName, anyDigest, anyDigest, digest, tag, (name, named, subject, stored, tag) => {
        const keeper = keeperKey(name, stored as Sha256Digest);
        for (const [key, record] of [
          [layerLinkKey(name, named), { kind: 'layer', named }],
          [revisionLinkKey(name, named), { kind: 'revision', named }],
          [keeper, { kind: 'keeper', named: stored }],
          [tagCurrentKey(name, tag), { kind: 'tag', tag }],
          [tagIndexKey(name, tag, named), { kind: 'history', tag, named }],
          [referrerKey(name, subject, named), { kind: 'referrer', subject, named }],
          [tagNameKey(name, tag), undefined],
        ] as const) {
          expect(recordOf(key), key).to.deep.equal(record);
          expect(key.startsWith(partsPrefix(name)), key).to.equal(true);
        }
      }),
    );
  });

  it('is nothing for keys of others, and unknown for links by other algorithms', () => {
    const repository = 'docker/registry/v2/repositories/app';
    const hex = 'a'.repeat(64);
    for (const key of [
      `${repository}/_layers/sha256/${hex}/data`,
      `${repository}/_layers/sha256/${hex.slice(1)}/link`,
      `${repository}/_manifests/revisions/sha256/${hex}/signatures/sha256/${hex}/link`,
      `${repository}/_manifests/tags/1/index/link`,
      `${repository}/_uploads/x/startedat`,
      `${repository}/lost+found`,
      `docker/registry/v2/blobs/sha256/aa/${hex}/data`,
    ])
      expect(recordOf(key), key).to.equal(undefined);
    for (const part of ['_layers', '_manifests/revisions'])
      expect(recordOf(`${repository}/${part}/sha384/${hex}/link`)).to.deep.equal({ kind: 'unknown-digest' });
  });
});

it('the node that a key of doubts names is the one it was made of, and no ledger of a mirror is one', () => {
  const node = crypto.randomUUID();
  expect(nodeOfDoubts(mirrorDoubtsKey(node))).to.equal(node);
  expect(nodeOfDoubts(`${olderLedgerPrefix('doubts')}0000000001.json`)).to.equal(undefined);
  expect(nodeOfDoubts(mirrorDoubtsKey('x'))).to.equal(undefined);
});
