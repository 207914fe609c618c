/** Promise: a tag that always named a manifest can always be pulled, also while it moves and what it named is deleted. */
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { Reader } from '../../services/registry/content/reader.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { blobDataKey, revisionLinkKey, tagCurrentKey } from '../../services/registry/storage/layout.ts';
import { EMPTY_CONFIG, Image } from '../support/image.ts';
import { MemoryStore } from '../support/memory-store.ts';

const name = parseRepositoryName('app');
const tag = parseTag('latest');
const imageOf = (text: string) => new Image({ config: EMPTY_CONFIG, layers: [], annotations: { text } });
const older = imageOf('older');
const newer = imageOf('newer');

describe('a pull of a tag that another node moves', () => {
  let store: MemoryStore;
  let reader: Reader;
  beforeEach(() => {
    store = new MemoryStore();
    reader = new Reader(contentOf(store));
    push(older);
  });

  const digestOf = ({ digest }: typeof older) => digest as Sha256Digest;

  function push(image: typeof older): void {
    store.hold(blobDataKey(digestOf(image)), image.bytes);
    store.hold(revisionLinkKey(name, digestOf(image)), image.digest);
    store.hold(tagCurrentKey(name, tag), image.digest);
  }

  function removeOlder(): void {
    store.held.delete(revisionLinkKey(name, digestOf(older)));
  }

  const pull = async () => (await reader.manifest(name, { kind: 'tag', tag }))?.digest;

  it('gets the newer manifest when it remembers the tag, and hears only that the older manifest was deleted', async () => {
    expect(await pull()).to.equal(older.digest);
    push(newer);
    removeOlder();
    reader.contentRemoved(name, digestOf(older));
    expect(await pull()).to.equal(newer.digest);
  });

  it('gets the newer manifest when the tag moves between the read of its link and that of the manifest', async () => {
    const { read } = store;
    store.read = async (key, ...rest) => {
      const bytes = await read.call(store, key, ...rest);
      if (key === tagCurrentKey(name, tag)) {
        push(newer);
        removeOlder();
      }
      return bytes;
    };
    expect(await pull()).to.equal(newer.digest);
  });

  it('finds nothing if the tag names what is not there', async () => {
    removeOlder();
    expect(await pull()).to.equal(undefined);
  });
});
