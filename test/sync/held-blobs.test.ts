/** Promise: what is read of a mirror without any client is mostly what has many bytes: faults of long answers show there. */
import { expect } from 'chai';
import { blobAt } from '../../services/sync/mirrors/held-blobs.ts';

describe('the blob that is read whole now and then', () => {
  const [config, layer] = [{ sizeBytes: 200 }, { sizeBytes: 9800 }];

  it('is drawn in proportion to its bytes', () => {
    const drawn = Array.from({ length: 100 }, (_, i) => blobAt([config, layer], i / 100));
    expect(drawn.filter((blob) => blob === config)).to.have.length(2);
    expect(drawn.filter((blob) => blob === layer)).to.have.length(98);
  });

  it('is undefined if the mirror holds nothing', () => {
    expect(blobAt([], 0)).to.equal(undefined);
  });
});
