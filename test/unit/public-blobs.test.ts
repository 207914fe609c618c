/** Promise: a published blob is public only by a repository that is known to have published it, and open today. */
import { expect } from 'chai';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, type RepositoryName } from '../../services/registry/oci/names.ts';
import type { Publication } from '../../services/registry/publishing/publication/entry.ts';
import { PublicBlobs } from '../../services/registry/publishing/publication/public-blobs.ts';

const DIGEST = digestOf(Buffer.from('layer'));
const [OPEN, CLOSED, INSIDE] = ['open', 'closed', 'inside'].map(parseRepositoryName);
const HERE = '192.0.2.1';

/** To whom a blob is public that `first` published, or an entry that is lost, and later ones, too. */
const audience = (first: string | undefined, later: readonly (RepositoryName | undefined)[] = []) =>
  new PublicBlobs({
    log: { read: async () => first && ({ target: { repository: first } } as Publication) } as never,
    published: { laterPublishers: async () => later as RepositoryName[] },
    mayPull: (name, address) => name === OPEN || (name === INSIDE && address === HERE),
  }).audience(DIGEST, 1, HERE);

describe('a published blob', () => {
  it('is as public as the repository that published it', async () => {
    expect(await audience(OPEN)).to.equal('everyone');
    expect(await audience(INSIDE)).to.equal('this address');
    expect(await audience(CLOSED)).to.equal('nobody');
  });

  it('is as public as the most open of those that published it later', async () => {
    expect(await audience(CLOSED, [CLOSED, INSIDE])).to.equal('this address');
    expect(await audience(CLOSED, [INSIDE, OPEN])).to.equal('everyone');
    expect(await audience(CLOSED, [CLOSED])).to.equal('nobody');
  });

  it('is public to nobody where its entry is lost, or names no repository', async () => {
    for (const first of [undefined, '', '../x']) expect(await audience(first)).to.equal('nobody');
    expect(await audience(undefined, [OPEN])).to.equal('everyone');
  });
});
