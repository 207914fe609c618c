/** Promise: references are read once for the same bytes, and cannot make an event heavier than it may be. */
import { expect } from 'chai';
import { referencesOf } from '../../services/registry/notifications/references.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';

function indexOf(manifests: number): Buffer {
  const digest = digestOf(Buffer.from('x'));
  const entries = Array.from({ length: manifests }, () => ({
    mediaType: 'a/b',
    digest,
    size: 1,
    platform: {},
  }));
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries }));
}

describe('references in notifications', () => {
  it('are read once for the same bytes', () => {
    const bytes = indexOf(3);
    const references = referencesOf(bytes);
    expect(references).to.have.lengthOf(3);
    expect(references[0]).to.have.keys('mediaType', 'digest', 'size');
    expect(referencesOf(bytes)).to.equal(references);
  });

  it('take null for what is absent or empty, as docker-registry does', () => {
    const digest = digestOf(Buffer.from('x'));
    const odd = { mediaType: null, digest, size: null, urls: null, annotations: { a: null } };
    const bytes = Buffer.from(JSON.stringify({ config: odd, layers: null, manifests: null }));
    expect(referencesOf(bytes)).to.deep.equal([{ digest, annotations: { a: '' } }]);
    const listed = Buffer.from(JSON.stringify({ config: null, manifests: [{ ...odd, annotations: null }] }));
    expect(referencesOf(listed)).to.deep.equal([{ digest }]);
  });

  it('are left out when they weigh too much, or cannot be read', () => {
    expect(referencesOf(indexOf(2000))).to.have.lengthOf(2000);
    expect(referencesOf(indexOf(20_000))).to.deep.equal([]);
    expect(referencesOf(Buffer.from('{"layers":7}'))).to.deep.equal([]);
    expect(referencesOf(Buffer.from('not JSON'))).to.deep.equal([]);
  });
});
