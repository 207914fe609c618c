/**
 * Promise: the publication log is totally ordered and has no gaps, and each blob is published once, however many
 * promotions run at the same time, in one process or in several over one store.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { tagLinks } from '../protocol/on-disk.ts';
import { pushImage } from '../protocol/pushing.ts';
import { jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { promote } from './promoting.ts';

interface Entry {
  readonly seq: number;
  readonly time: string;
  readonly manifestDigest: string;
  readonly collections: { readonly default: readonly { digest: string }[] };
}

describe('promotions at the same time', () => {
  const cleanUp = new AsyncDisposableStack();
  let registries: readonly TestRegistry[];
  before(async () => {
    const first = cleanUp.use(await startRegistry());
    const { rootDirectory } = first;
    registries = [first, cleanUp.use(await startRegistry({ command: 'release', rootDirectory }))];
  });
  after(() => cleanUp.disposeAsync());

  const url = (i: number) => registries[i % registries.length]?.url ?? '';

  async function log(i: number): Promise<Entry[]> {
    const answer = await send(url(i), '/api/v1/publications?limit=100');
    return (jsonOf(answer) as { publications: Entry[] }).publications.reverse();
  }

  /** Images that share a layer. */
  async function pushMany(count: number, name: string): Promise<Image[]> {
    const shared = newBytes();
    return Promise.all(
      Array.from({ length: count }, (_, i) =>
        pushImage(url(0), `candidate/${name}`, String(i), [shared, newBytes()]),
      ),
    );
  }

  for (const processes of [1, 2])
    it(`of different images, in ${processes === 1 ? 'one process' : 'two'}, give a log without gaps`, async () => {
      const before = (await log(0)).length;
      const images = await pushMany(8, `by-${processes}`);
      const promoted = await Promise.all(
        images.map((_, i) =>
          promote(url(i % processes), `candidate/by-${processes}:${i}`, `stable/by-${processes}:${i}`),
        ),
      );
      for (const { lines } of promoted)
        expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
      const entries = await log(1);
      expect(entries.map(({ seq }) => seq)).to.deep.equal(
        Array.from({ length: before + 8 }, (_, i) => i + 1),
      );
      expect(await log(0)).to.deep.equal(entries);
      const added = entries.slice(before);
      expect(added.map((entry) => entry.manifestDigest)).to.have.members(images.map(({ digest }) => digest));
      expect(added.map((entry) => entry.time)).to.deep.equal(added.map((entry) => entry.time).sort());
      const published = added.flatMap((entry) => entry.collections.default.map(({ digest }) => digest));
      const blobs = new Set(
        images.flatMap(({ config, layers }) => [config, ...layers].map(({ digest }) => digest)),
      );
      expect(published, 'each blob once').to.have.members([...blobs]);
      const told = promoted.map(({ lines }) => lines.find((line) => line.event === 'tagged')?.seq);
      expect(new Set(told).size, 'each was told its own number').to.equal(8);
    });

  it('of one image to one tag leave the tag at that image, whichever was first', async () => {
    const [image] = await pushMany(1, 'one');
    const promoted = await Promise.all(
      Array.from({ length: 6 }, (_, i) => promote(url(i), 'candidate/one:0', 'stable/one:latest')),
    );
    for (const { lines } of promoted) expect(lines.at(-1)?.event).to.equal('done');
    const got = await send(url(0), '/v2/stable/one/manifests/latest');
    expect(got.headers['docker-content-digest']).to.equal(image?.digest);
    const seqs = (await log(0)).map(({ seq }) => seq);
    expect(seqs).to.deep.equal(Array.from({ length: seqs.length }, (_, i) => i + 1));
  });

  for (const processes of [1, 2])
    it(`of different images to one tag, in ${processes === 1 ? 'one process' : 'two'}, leave it at the one that the log names last`, async () => {
      const images = await pushMany(6, `rivals-${processes}`);
      const target = `stable/rivals-${processes}`;
      for (let round = 0; round < 10; round++) {
        const promoted = await Promise.all(
          images.map((_, i) =>
            promote(url(i % processes), `candidate/rivals-${processes}:${i}`, `${target}:latest`),
          ),
        );
        expect(promoted.some(({ lines }) => lines.at(-1)?.event === 'done')).to.equal(true);
        const last = (await log(0)).at(-1)?.manifestDigest;
        expect(await tagOnDisk(registries[0]?.rootDirectory ?? '', target, 'latest')).to.equal(last);
        const served = async () =>
          (await send(url(0), `/v2/${target}/manifests/latest`)).headers['docker-content-digest'];
        // What the other process moved, this one may not know for a second.
        if (processes === 2)
          await eventually('the node knows it', async () => (await served()) === last, 3000);
        expect(await served()).to.equal(last);
      }
    });
});

/** The digest in a tag's link, past all that a process remembers. */
async function tagOnDisk(rootDirectory: string, repository: string, tag: string): Promise<string> {
  const [current = ''] = tagLinks(repository, tag, []);
  return readFile(join(rootDirectory, current), 'utf8');
}
