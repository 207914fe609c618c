/** Promise: an image is read whole for a promotion, with a limit of each thing that it can have too much of. */
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { type Digest, digestBy, digestOf } from '../../services/registry/oci/digest.ts';
import { LimitError } from '../../services/registry/oci/limit-error.ts';
import { OCI_INDEX } from '../../services/registry/oci/manifest.ts';
import { COMPLETE } from '../../services/registry/oci/manifest-rules.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import { readImage } from '../../services/registry/publishing/promotion/image.ts';
import { blobDataKey, layerLinkKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { rejection } from '../contract/area.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NAME = parseRepositoryName('hello');
const THEN = new Date(0);

describe('an image that is read for a promotion', function () {
  this.timeout(60_000);
  let objects: MemoryStore;
  beforeEach(() => {
    objects = new MemoryStore();
  });

  /** Puts a manifest into the store, as no push would: nothing of it is checked. */
  function hold(json: { readonly mediaType: string; readonly [member: string]: unknown }) {
    const text = JSON.stringify({ schemaVersion: 2, ...json });
    const digest = digestOf(Buffer.from(text));
    objects.hold(blobDataKey(digest), text, THEN);
    objects.hold(revisionLinkKey(NAME, digest), digest, THEN);
    return { mediaType: json.mediaType, digest, size: text.length };
  }
  function holdBlob(text: string) {
    const digest = digestOf(Buffer.from(text));
    objects.hold(blobDataKey(digest), text, THEN);
    objects.hold(layerLinkKey(NAME, digest), digest, THEN);
    return { mediaType: 'a/b', digest, size: text.length };
  }
  const index = (manifests: readonly object[], i = 0) =>
    hold({ mediaType: OCI_INDEX, manifests, annotations: { i: String(i) } });
  const read = (digest: Digest) => readImage(contentOf(objects), NAME, digest, COMPLETE, async () => true);
  const refusal = async (digest: Digest) => {
    const error = await rejection(read(digest));
    return error instanceof LimitError ? error.limit : error;
  };

  it('nests eight deep, and no deeper', async () => {
    let top = index([]);
    for (let depth = 1; depth <= 8; depth++) top = index([top]);
    expect((await read(top.digest)).manifests).to.have.length(9);
    expect(await refusal(index([top]).digest)).to.equal('image_manifests');
  });

  it('has 1,100 manifests, and no more', async () => {
    const children = Array.from({ length: 1101 }, (_, i) => index([], i));
    expect((await read(index(children.slice(0, 1099)).digest)).manifests).to.have.length(1100);
    expect(await refusal(index(children).digest)).to.equal('image_manifests');
  });

  it('names 2,500 blobs, and no more', async () => {
    const config = holdBlob('{}');
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    const images = Array.from({ length: 3 }, (_, image) =>
      hold({
        ...{ mediaType: MEDIA_TYPES.image, config },
        layers: Array.from({ length: 900 }, (_, i) => {
          const digest = digestBy('sha256', Buffer.from(`${image} ${i}`));
          return { mediaType, digest, size: 1, urls: ['https://elsewhere.example/layer'] };
        }),
      }),
    );
    expect((await read(index(images.slice(0, 2)).digest)).manifests).to.have.length(3);
    expect(await refusal(index(images).digest)).to.equal('image_blobs');
  });

  it('has blobs of the sizes that it states', async () => {
    const config = holdBlob('{}');
    const image = (size: number) =>
      hold({ mediaType: MEDIA_TYPES.image, config: { ...config, size }, layers: [] });
    expect((await read(image(2).digest)).blobs).to.have.length(1);
    expect(await rejection(read(image(3).digest))).to.have.property('kind', 'IMAGE_INCOMPLETE');
  });
});
