/** Promise: the tags that name a manifest come in one order, whichever of their reads ends first. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Tags } from '../../services/registry/content/tags.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { tagCurrentKey } from '../../services/registry/storage/layout.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NAME = parseRepositoryName('hello');
const TAGS = ['1', '2', '3', '4'].map(parseTag);

describe('the tags that name a manifest', () => {
  it('are sorted, though the last is read first', async () => {
    const digest = digestOf(Buffer.from('manifest'));
    const objects = new MemoryStore();
    for (const tag of TAGS) objects.hold(tagCurrentKey(NAME, tag), digest, new Date(0));
    const read = objects.read.bind(objects);
    let restMs = 80;
    objects.read = async (key, limitBytes) => {
      restMs -= 20;
      await sleep(restMs);
      return read(key, limitBytes);
    };
    expect(
      await new Tags(objects, { readsAtOnce: TAGS.length, deletedMax: 10 }).naming(NAME, new Set([digest])),
    ).to.deep.equal(TAGS);
  });

  it('are read a few at once', async () => {
    const objects = new MemoryStore();
    const digest = digestOf(Buffer.from('manifest'));
    for (let i = 0; i < 40; i++) objects.hold(tagCurrentKey(NAME, parseTag(`t${i}`)), digest, new Date(0));
    const read = objects.read.bind(objects);
    let [underWay, most] = [0, 0];
    objects.read = async (key, limitBytes) => {
      most = Math.max(most, ++underWay);
      await sleep(1);
      underWay--;
      return read(key, limitBytes);
    };
    await new Tags(objects, { readsAtOnce: 3, deletedMax: 50 }).naming(NAME, new Set([digest]));
    expect(most).to.equal(3);
  });
});
