/**
 * Promise: with `deleteuntagged`, an index that is pushed long after the images that it lists, which no tag leads to, is
 * either refused or whole, with all layers of these images, whenever the collector has come to which of them.
 */

import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { parseManifest } from '../../services/registry/oci/manifest.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import { blobDataKey, layerLinkKey } from '../../services/registry/storage/layout.ts';
import { Content, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { putManifest } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { cycle, HOUR } from './cycles.ts';

const NAME = parseRepositoryName('app');
const LAYER = new Content(Buffer.from('a layer'));
const CONFIG = new Content(Buffer.from('{"architecture":"amd64"}'), MEDIA_TYPES.config);
const IMAGE = new Image({ config: CONFIG, layers: [LAYER] });
const INDEX = manifestOf(MEDIA_TYPES.index, { manifests: [IMAGE] });
const NOW = new Date('2024-05-05T05:05:05Z');
/** More than a cycle asks whether it may change something. */
const MOMENTS = 14;
const SETTINGS = { deleteUntagged: true, graceMs: HOUR, quarantineMs: HOUR };

const digestOf = (content: Content) => content.digest as Sha256Digest;

/** A store whose layers were out of use before the image came: the collector is ahead with them. */
async function made(): Promise<MemoryStore> {
  const objects = new MemoryStore();
  const give = (blob: Content) => {
    objects.hold(blobDataKey(digestOf(blob)), blob.bytes, NOW);
    objects.hold(layerLinkKey(NAME, digestOf(blob)), digestOf(blob), NOW);
  };
  give(LAYER);
  give(CONFIG);
  await cycle(objects, { ...SETTINGS, at: 0 });
  await push(objects, IMAGE);
  // The layers come into quarantine, and the image is suspected.
  expect((await cycle(objects, { ...SETTINGS, at: HOUR })).counts).to.include({
    quarantined: 2,
    suspected: 1,
  });
  return objects;
}

/** Puts a manifest; true when it was taken, false when it was refused for what lacks. */
async function push(objects: MemoryStore, { bytes, mediaType }: Content): Promise<boolean> {
  const quarantine = new CollectionGuard(objects, {
    now: () => 0,
    wait: async () => void (await setImmediate()),
  });
  const content = contentOf(objects, { quarantine });
  try {
    await putManifest(content, NAME, parseManifest(bytes, mediaType));
    return true;
  } catch (error) {
    expect((error as { kind?: string }).kind, String(error)).to.equal('MANIFEST_BLOB_UNKNOWN');
    return false;
  }
}

function expectWhole(objects: MemoryStore): void {
  for (const each of [INDEX, IMAGE, CONFIG, LAYER])
    expect(objects.held.has(blobDataKey(digestOf(each))), each.bytes.toString()).to.equal(true);
  for (const each of [CONFIG, LAYER])
    expect(objects.held.has(layerLinkKey(NAME, digestOf(each))), each.bytes.toString()).to.equal(true);
}

describe('an index of images that no tag leads to', () => {
  it('is whole, although only their layers were to be deleted', async () => {
    const objects = await made();
    await cycle(objects, { ...SETTINGS, at: 2 * HOUR + 1 });
    expect(await push(objects, INDEX)).to.equal(true);
    expectWhole(objects);
  });

  for (let moment = 0; moment < MOMENTS; moment++)
    it(`is refused or whole when it comes while all of it is deleted, at moment ${moment + 1}`, async () => {
      const objects = await made();
      // Now the image is in quarantine as well, on a list of its own.
      await cycle(objects, { ...SETTINGS, at: 2 * HOUR });
      let asked = 0;
      let pushing: Promise<boolean> | undefined;
      const mayChange = async () => {
        if (asked++ === moment) {
          pushing = push(objects, INDEX);
          pushing.catch(() => undefined);
        }
        for (let turn = 0; turn < 20; turn++) await setImmediate();
      };
      await cycle(objects, { ...SETTINGS, at: 4 * HOUR, mayChange });
      const isTaken = (await pushing) ?? (await push(objects, INDEX));
      if (isTaken) expectWhole(objects);
    });

  it('and they go, layers and all, when none comes', async () => {
    const objects = await made();
    for (const at of [2, 4, 6, 8, 10]) await cycle(objects, { ...SETTINGS, at: at * HOUR });
    for (const each of [IMAGE, CONFIG, LAYER])
      expect(objects.held.has(blobDataKey(digestOf(each)))).to.equal(false);
  });
});
