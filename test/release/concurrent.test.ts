/**
 * Promise: the publication log is totally ordered and has no gaps, and each blob is published once, however many
 * promotions run at the same time, in one process or in several over one store.
 */
import { expect } from 'chai';
import { newBytes, type Pushed, pushImage } from '../protocol/pushing.ts';
import { jsonOf, send } from '../protocol/wire.ts';
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
  async function pushMany(count: number, name: string): Promise<Pushed[]> {
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

  it('of one image to one tag leave the tag at that image, whoever was first', async () => {
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

  // In one process: between two, a gap of milliseconds is left (services/registry/publishing/promotion/promote.ts).
  it('of different images to one tag leave it at the one that the log names last', async () => {
    const images = await pushMany(6, 'rivals');
    for (let round = 0; round < 10; round++) {
      const promoted = await Promise.all(
        images.map((_, i) => promote(url(0), `candidate/rivals:${i}`, 'stable/rivals:latest')),
      );
      expect(promoted.some(({ lines }) => lines.at(-1)?.event === 'done')).to.equal(true);
      const last = (await log(0)).at(-1);
      const got = await send(url(0), '/v2/stable/rivals/manifests/latest');
      expect(got.headers['docker-content-digest']).to.equal(last?.manifestDigest);
    }
  });
});
