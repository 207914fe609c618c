/**
 * Promise: Distribution's garbage collector, run over a directory that we write to, takes nothing that is in use, and
 * none of what we keep beside its files. (Run it, as its documentation says, while nobody pushes.)
 */
import { expect } from 'chai';
import { blobPath, contentBelow, filesBelow } from '../protocol/on-disk.ts';
import { pushBlob, pushImage, pushIndex, pushManifest, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { Content, type Descriptor, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../support/image.ts';
import { besideDistribution } from './beside.ts';
import { askCollector } from './collector.ts';
import { expectSamePull, pullAll } from './pulling.ts';
import { pushBlobAs } from './sha512.ts';

/** Where ours lies that Distribution knows nothing of. */
const isOurs = (path: string) => /(^|\/)_?roadstead\//.test(path);

function digestsOf({ digest, config, layers }: Image): string[] {
  return [digest, config.digest, ...layers.map((layer) => layer.digest)];
}

/** An image as most are that an index names: without a tag of its own. */
async function pushUntagged(url: string, name: string): Promise<Image> {
  const config = await pushBlob(url, name, newBytes(), MEDIA_TYPES.config);
  const layers = [await pushBlob(url, name, newBytes())];
  const image = new Image({ config, layers });
  await pushManifest(url, name, image);
  return image;
}

async function attach(url: string, name: string, subject: Descriptor): Promise<Image> {
  await pushBlob(url, name, EMPTY_CONFIG.bytes);
  const layers = [await pushBlob(url, name, newBytes(), 'text/plain')];
  const artifact = new Image({ artifactType: 'application/a', config: EMPTY_CONFIG, layers, subject });
  await pushManifest(url, name, artifact);
  return artifact;
}

besideDistribution(
  "Distribution's garbage collector",
  (pair, peer) => {
    /** All that has to live, whoever collects. */
    const tagged = new Set<string>();
    /** Tagged, but pushed under another name than the one it lies under. */
    const bySha512 = new Set<string>();
    /** What no tag names: `-m` takes it, as it takes Distribution's own. */
    const untagged = new Set<string>();
    const references: [string, string][] = [];
    /** What is garbage to them and to us. */
    let garbage: Image;
    let unfinished: string;

    before(async function () {
      this.timeout(60_000);
      const { ours, theirs } = pair;
      const keep = (set: Set<string>, name: string, reference: string, digests: readonly string[]) => {
        for (const digest of digests) set.add(digest);
        references.push([name, reference]);
      };
      for (const [writer, { url }] of [
        ['ours', ours],
        ['theirs', theirs],
      ] as const) {
        const name = `candidate/${writer}`;
        const image = await pushImage(url, name, 'image', [newBytes(), newBytes(100_000), Buffer.alloc(0)]);
        keep(tagged, name, 'image', digestsOf(image));
        const children = [await pushUntagged(url, name), await pushUntagged(url, name)];
        const index = await pushIndex(url, name, 'index', children);
        keep(tagged, name, 'index', [index.digest]);
        keep(peer.collectsChildren ? untagged : tagged, name, index.digest, children.flatMap(digestsOf));
      }
      const name = 'candidate/ours';
      const image = await pushImage(ours.url, name, 'subject');
      keep(tagged, name, 'subject', digestsOf(image));
      const referrer = await attach(ours.url, name, image);
      keep(
        untagged,
        name,
        referrer.digest,
        [referrer, ...referrer.layers].map(({ digest }) => digest),
      );

      const layer = newBytes();
      await pushBlobAs(ours.url, name, layer, sha512(layer));
      const config = await pushBlob(ours.url, name, newBytes(), MEDIA_TYPES.config);
      const { bytes } = new Image({ config, layers: [new Content(layer)] });
      const put = await putManifest(ours.url, name, `${sha512(bytes)}?tag=sha512`, bytes, MEDIA_TYPES.image);
      expect(put.status, put.body.toString()).to.equal(201);
      keep(bySha512, name, 'sha512', [sha256(bytes), config.digest, sha256(layer)]);

      await ours.cli(['promote', `${name}:index`, 'stable/nested:1']);
      references.push(['stable/nested', '1']);
      const doomed = await pushImage(ours.url, 'candidate/garbage', '1');
      const removed = await send(ours.url, `/v2/candidate/garbage/manifests/${doomed.digest}`, {
        method: 'DELETE',
      });
      expect(removed.status).to.equal(202);
      garbage = doomed;
      const begun = await send(ours.url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
      unfinished = begun.headers.location ?? '';
      expect((await send(ours.url, unfinished, { method: 'PATCH', body: newBytes() })).status).to.equal(202);
    });

    it('finds garbage only in what was deleted', async () => {
      const { blobs, manifests, layerLinks } = await askCollector(pair.theirs);
      expect(blobs).to.deep.equal(new Set(digestsOf(garbage)));
      expect(manifests).to.deep.equal(new Set());
      // Newer ones clear away the links of what they take, too.
      for (const digest of layerLinks) expect(digestsOf(garbage)).to.include(digest);
    });

    it('with --delete-untagged takes what no tag names, as it does of its own, and nothing that is tagged', async () => {
      const { blobs, manifests } = await askCollector(pair.theirs, '-m');
      for (const digest of tagged) {
        expect(blobs, `a blob of a tagged image`).to.not.include(digest);
        expect(manifests, `a tagged image`).to.not.include(digest);
      }
      for (const digest of untagged) expect(blobs.has(digest) || manifests.has(digest)).to.equal(true);
    });

    it('with --delete-untagged takes no tagged image that was pushed to us by its SHA-512', async () => {
      const { blobs, manifests } = await askCollector(pair.theirs, '-m');
      for (const digest of bySha512) {
        expect(blobs).to.not.include(digest);
        expect(manifests).to.not.include(digest);
      }
    });

    it('leaves all that is in use, and every record of ours, when it runs', async function () {
      this.timeout(60_000);
      const before = await contentBelow(pair.ours.rootDirectory);
      await pair.theirs.collectGarbage();
      const after = new Set(await filesBelow(pair.ours.rootDirectory));
      const own = Object.keys(before).filter(isOurs);
      expect(own).to.have.length.above(5);
      expect(own.filter((path) => !after.has(path))).to.deep.equal([]);
      // What was pushed by another algorithm bears another entity tag.
      for (const [name, reference] of references)
        if (reference === 'sha512') await pullAll(pair.theirs.url, name, reference);
        else await expectSamePull(pair, name, reference);
      expect((await send(pair.ours.url, unfinished)).status).to.equal(204);
      for (const digest of digestsOf(garbage)) expect(after).to.not.include(blobPath(digest));
    });

    // A fault of Distribution's: it looks for what lies under the name that stands in the manifest. Should the second
    // half fail one day, it has been mended there, and services/registry/content/keepers.ts can go.
    it('takes no blob of ours that manifests name by its SHA-512 alone, as it does of its own', async () => {
      for (const [writer, { url }] of [
        ['ours', pair.ours],
        ['theirs', pair.theirs],
      ] as const) {
        const name = `candidate/named-by-sha512/${writer}`;
        const layer = newBytes();
        expect((await pushBlobAs(url, name, layer, sha512(layer))).status).to.equal(201);
        const config = await pushBlob(url, name, newBytes(), MEDIA_TYPES.config);
        const layers = [new Content(layer, MEDIA_TYPES.layer, 'sha512')];
        await pushManifest(url, name, new Image({ config, layers }), '1');
        const { blobs } = await askCollector(pair.theirs);
        expect(blobs.has(sha256(layer)), writer).to.equal(writer === 'theirs');
      }
    });

    it('leaves a directory that both can continue with: what was collected is pushed again', async () => {
      for (const { url } of [pair.ours, pair.theirs]) {
        const name = 'candidate/garbage';
        const again = await pushImage(url, name, 'again');
        await expectSamePull(pair, name, again.digest);
      }
    });
  },
  {},
);
