/**
 * Promise: what a request asks of the store is bounded by what its content is, not by how often that is said: content
 * that is named again costs nothing more, and a page of referrers reads what a page may.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { fallbackTag } from '../../services/registry/content/fallback-referrers.ts';
import { type Digest, digestBy, digestOf } from '../../services/registry/oci/digest.ts';
import { LimitError } from '../../services/registry/oci/limit-error.ts';
import { type Manifest, OCI_INDEX, parseManifest } from '../../services/registry/oci/manifest.ts';
import { COMPLETE } from '../../services/registry/oci/manifest-rules.ts';
import { parseRepositoryName } from '../../services/registry/oci/names.ts';
import { readImage } from '../../services/registry/publishing/promotion/image.ts';
import {
  blobDataKey,
  layerLinkKey,
  referrerKey,
  revisionLinkKey,
} from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { rejection } from '../contract/area.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { intercepted } from '../support/intercepted.ts';
import { putManifest } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';

const NAME = parseRepositoryName('hello');
/** What may be read at once: one large manifest, and some small ones. */
const AT_ONCE_MAX_BYTES = 8 * 1024 * 1024;
const LARGE = 'x'.repeat(3_900_000);
const [SUBJECT, OTHER] = ['subject', 'other'].map((text) => digestBy('sha256', Buffer.from(text))) as [
  Digest,
  Digest,
];

/** A store that counts its calls, and how many of them, and of the bytes that they may read, were under way at a time. */
function counting(inner: ObjectStore) {
  const seen = { calls: 0, underWay: 0, most: 0, readBytes: 0, mostBytes: 0 };
  const store = intercepted(inner, async ({ name, args, proceed }) => {
    const readBytes = name === 'read' ? Number(args[1]) : 0;
    seen.calls++;
    seen.most = Math.max(seen.most, ++seen.underWay);
    seen.readBytes += readBytes;
    seen.mostBytes = Math.max(seen.mostBytes, seen.readBytes);
    try {
      // As a remote store: what is asked for at once is under way at once.
      await setImmediate();
      return await proceed(args);
    } finally {
      seen.underWay--;
      seen.readBytes -= readBytes;
    }
  });
  return { store, seen };
}

function parsed(json: object): Manifest {
  return parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, ...json })));
}

describe('what a request asks of the store', function () {
  this.timeout(60_000);

  for (const kind of ['image', 'index'] as const)
    it(`is little for an ${kind} that names one blob by SHA-512 many times`, async () => {
      const objects = new MemoryStore();
      const bytes = Buffer.from('layer');
      const [canonical, digest] = [digestOf(bytes), digestBy('sha512', bytes)];
      for (const key of [layerLinkKey(NAME, canonical), layerLinkKey(NAME, digest)])
        objects.hold(key, canonical, new Date(0));
      await objects.put(blobDataKey(canonical), bytes);
      const named = Array(900).fill({ mediaType: 'a/b', digest, size: bytes.length });
      const manifest =
        kind === 'image'
          ? parsed({ mediaType: MEDIA_TYPES.image, config: named[0], layers: named })
          : parsed({ mediaType: OCI_INDEX, manifests: named });
      const { store, seen } = counting(objects);
      await putManifest(contentOf(store), NAME, manifest);
      expect(seen.calls).to.be.at.most(60);
    });

  it('is one look for a layer that every manifest of an image names, there or not', async () => {
    const objects = new MemoryStore();
    const content = contentOf(objects);
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    const layer = { mediaType, digest: OTHER, size: 1, urls: ['https://elsewhere.example/layer'] };
    const config = Buffer.from('{}');
    const digest = digestOf(config);
    objects.hold(layerLinkKey(NAME, digest), digest, new Date(0));
    await objects.put(blobDataKey(digest), config);
    const children: object[] = [];
    for (let i = 0; i < 20; i++) {
      const image = parsed({
        ...{ mediaType: MEDIA_TYPES.image, config: { mediaType: 'a/b', digest, size: 2 } },
        ...{ layers: Array(500).fill(layer), annotations: { i: String(i) } },
      });
      await putManifest(content, NAME, image);
      children.push({ mediaType: MEDIA_TYPES.image, digest: image.digest, size: image.bytes.length });
    }
    const index = parsed({ mediaType: OCI_INDEX, manifests: children });
    await putManifest(content, NAME, index);
    const { store, seen } = counting(objects);
    const image = await readImage(contentOf(store), NAME, index.digest, COMPLETE, async () => true);
    expect(image.manifests).to.have.length(21);
    expect(seen.calls).to.be.at.most(400);
  });

  it('is refused to a promotion of an index of ten thousand manifests that are nowhere', async () => {
    const objects = new MemoryStore();
    const rules = { ...COMPLETE, indexes: 'none' } as const;
    const manifests = Array.from({ length: 12_000 }, (_, i) => ({
      mediaType: OCI_INDEX,
      digest: digestOf(Buffer.from(String(i))),
    }));
    const index = parsed({ mediaType: OCI_INDEX, manifests });
    await putManifest(contentOf(objects), NAME, index, rules);
    const { store, seen } = counting(objects);
    const refused = await rejection(readImage(contentOf(store), NAME, index.digest, rules, async () => true));
    expect(refused).to.be.instanceOf(LimitError).with.property('limit', 'image_manifests');
    expect(seen.calls).to.be.at.most(10_100);
  });

  it('is refused to a promotion of more than 2,500 blobs, or of more than 16 MiB of manifests', async () => {
    const objects = new MemoryStore();
    const content = contentOf(objects);
    const rules = { ...COMPLETE, indexes: 'none' } as const;
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    const layers = Array.from({ length: 2501 }, (_, i) => ({
      ...{
        mediaType,
        digest: digestOf(Buffer.from(String(i))),
        size: 1,
        urls: ['https://elsewhere.example'],
      },
    }));
    const config = Buffer.from('{}');
    const digest = digestOf(config);
    objects.hold(layerLinkKey(NAME, digest), digest, new Date(0));
    await objects.put(blobDataKey(digest), config);
    const image = (count: number) =>
      parsed({
        ...{ mediaType: MEDIA_TYPES.image, config: { mediaType: 'a/b', digest, size: 2 } },
        layers: layers.slice(0, count),
      });
    const large = Array.from({ length: 5 }, (_, i) =>
      parsed({ mediaType: OCI_INDEX, manifests: [], annotations: { i: String(i), LARGE } }),
    );
    for (const each of large) await putManifest(content, NAME, each);
    const index = (count: number) => {
      const children = large.slice(0, count).map((each) => ({ mediaType: OCI_INDEX, digest: each.digest }));
      return parsed({ mediaType: OCI_INDEX, manifests: children });
    };
    for (const [most, many, limit] of [
      [image(2499), image(2501), 'image_blobs'],
      [index(4), index(5), 'image_manifests'],
    ] as const) {
      for (const each of [most, many]) await putManifest(content, NAME, each, rules);
      const read = (each: Manifest) => readImage(content, NAME, each.digest, rules, async () => true);
      expect((await read(most)).top.digest).to.equal(most.digest);
      const refused = await rejection(read(many));
      expect(refused).to.be.instanceOf(LimitError).with.property('limit', limit);
      expect(refused)
        .to.have.property('message')
        .that.includes('promote what an index lists without the index');
    }
  });

  it('is one large referrer at a time, recorded or in a fallback tag, and the pages lead to the end', async () => {
    const objects = new MemoryStore();
    const content = contentOf(objects);
    const large = Array.from({ length: 12 }, (_, i) =>
      parsed({
        ...{ mediaType: OCI_INDEX, manifests: [], annotations: { i: String(i), LARGE } },
        subject: { mediaType: OCI_INDEX, digest: SUBJECT, size: 1 },
      }),
    );
    for (const each of large) await putManifest(content, NAME, each);
    const digests = large.map(({ digest }) => digest).sort();
    const all = async () => {
      const { store, seen } = counting(objects);
      const { referrers } = contentOf(store);
      expect(await referrers.digests(NAME, SUBJECT, 100)).to.deep.equal(digests);
      const found: Digest[] = [];
      let last: Digest | undefined;
      do {
        const page = await referrers.list(NAME, SUBJECT, { artifactType: undefined, last, limit: 1000 });
        found.push(...page.referrers.map(({ digest }) => digest));
        last = page.next;
      } while (last !== undefined);
      expect(found).to.deep.equal(digests);
      expect(seen.mostBytes).to.be.within(1, AT_ONCE_MAX_BYTES);
    };
    await all();
    await content.referrers.remove(NAME, SUBJECT, digests, OPEN_FENCE);
    const manifests = digests.map((digest) => ({ mediaType: OCI_INDEX, digest }));
    const index = parsed({ mediaType: OCI_INDEX, manifests });
    await putManifest(content, NAME, index);
    await content.tags.move(NAME, fallbackTag(SUBJECT), index, OPEN_FENCE);
    await all();
  });

  it('is a page of referrers, with a filter that leaves them all out, and the pages lead to the end', async () => {
    const objects = new MemoryStore();
    const record = JSON.stringify({ mediaType: OCI_INDEX, size: 1, artifactType: 'a/b' });
    const digests = Array.from({ length: 2500 }, (_, i) => digestBy('sha256', Buffer.from(String(i)))).sort();
    for (const digest of digests) {
      objects.hold(referrerKey(NAME, SUBJECT, digest), record, new Date(0));
      objects.hold(revisionLinkKey(NAME, digest), digest, new Date(0));
    }
    const { store, seen } = counting(objects);
    const { referrers } = contentOf(store);
    const pages: { found: number; calls: number }[] = [];
    let last: Digest | undefined;
    do {
      seen.calls = 0;
      const page = await referrers.list(NAME, SUBJECT, { artifactType: 'none/such', last, limit: 1000 });
      pages.push({ found: page.referrers.length, calls: seen.calls });
      last = page.next;
    } while (last !== undefined);
    expect(pages.map(({ found }) => found)).to.deep.equal([0, 0, 0]);
    expect(Math.max(...pages.map(({ calls }) => calls))).to.be.at.most(2100);
    seen.calls = 0;
    const { referrers: five } = await referrers.list(NAME, SUBJECT, {
      ...{ artifactType: 'a/b', last: digests[1200], limit: 5 },
    });
    expect(five.map(({ digest }) => digest)).to.deep.equal(digests.slice(1201, 1206));
    expect(seen.calls).to.be.at.most(40);
  });

  it('is a page of referrers whose records are large, by what these weigh', async () => {
    const objects = new MemoryStore();
    const annotations = { a: 'x'.repeat(1024 * 1024) };
    const record = JSON.stringify({ mediaType: OCI_INDEX, size: 1, artifactType: 'a/b', annotations });
    for (let i = 0; i < 60; i++) {
      const digest = digestBy('sha256', Buffer.from(String(i)));
      objects.hold(referrerKey(NAME, SUBJECT, digest), record, new Date(0));
      objects.hold(revisionLinkKey(NAME, digest), digest, new Date(0));
    }
    const { store, seen } = counting(objects);
    const page = { artifactType: 'none/such', last: undefined, limit: 1000 };
    const { next } = await contentOf(store).referrers.list(NAME, SUBJECT, page);
    expect(next).to.be.a('string');
    // Up to three calls each: one looks how large it is.
    expect(seen.calls).to.be.at.most(3 * 32 + 10);
  });

  it('is one look for each that a fallback tag lists, however often it lists it', async () => {
    const objects = new MemoryStore();
    const content = contentOf(objects);
    const subject = { mediaType: OCI_INDEX, digest: SUBJECT, size: 1 };
    const referrer = parsed({ mediaType: OCI_INDEX, manifests: [], subject });
    await putManifest(content, NAME, referrer);
    await content.referrers.remove(NAME, SUBJECT, [referrer.digest], OPEN_FENCE);
    const child = { mediaType: OCI_INDEX, digest: referrer.digest, size: referrer.bytes.length };
    const index = parsed({ mediaType: OCI_INDEX, manifests: Array(5000).fill(child) });
    await putManifest(content, NAME, index);
    await content.tags.move(NAME, fallbackTag(SUBJECT), index, OPEN_FENCE);
    const { store, seen } = counting(objects);
    const page = { artifactType: undefined, last: undefined, limit: 1000 };
    const { referrers } = await contentOf(store).referrers.list(NAME, SUBJECT, page);
    expect(referrers.map(({ digest }) => digest)).to.deep.equal([referrer.digest]);
    expect(seen.calls).to.be.at.most(20);
  });

  it('is a page, of a fallback tag that lists thousands of others', async () => {
    const objects = new MemoryStore();
    const content = contentOf(objects);
    const children = Array.from({ length: 5000 }, (_, i) => ({
      mediaType: OCI_INDEX,
      digest: digestBy('sha256', Buffer.from(String(i))),
      size: 1,
    }));
    const index = parsed({ mediaType: OCI_INDEX, manifests: children });
    await putManifest(content, NAME, index, { indexes: 'none', urls: { allow: [], deny: [] } });
    await content.tags.move(NAME, fallbackTag(OTHER), index, OPEN_FENCE);
    const { store, seen } = counting(objects);
    const page = { artifactType: undefined, last: undefined, limit: 1000 };
    const { next } = await contentOf(store).referrers.list(NAME, OTHER, page);
    expect(next).to.be.a('string');
    expect(seen.calls).to.be.at.most(3100);
    expect(seen.most).to.be.at.most(64);
  });
});
