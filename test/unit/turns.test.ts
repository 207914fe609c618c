import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { digestBy, digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { currentTicket, moveTagInOrder } from '../../services/registry/publishing/promotion/tag-tickets.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { tempDir } from '../support/temp.ts';

/** Promise: of promotions of one tag that race, in whichever processes, the last in the log has the tag in the end. */
describe('turns at a tag', () => {
  const target = { repository: parseRepositoryName('hello'), tag: parseTag('latest') };
  // Every other one is of a manifest that its client named by SHA-512.
  const turn = (seq: number) => {
    const bytes = Buffer.from(String(seq));
    const canonicalDigest = digestOf(bytes);
    return { seq, canonicalDigest, digest: seq % 2 === 0 ? digestBy('sha512', bytes) : canonicalDigest };
  };

  it('leave it to the highest, in whatever order they come', async () => {
    await using home = await tempDir('turns');
    await using objects = await FilesystemStore.open({ rootDirectory: home.path, sync: false });
    const content = contentOf(objects);
    const { tags } = content;
    for (const [seq, expected] of [
      [3, 3],
      [1, 3],
      [2, 3],
      [7, 7],
      [5, 7],
    ] as const) {
      expect((await moveTagInOrder(content, target, turn(seq), OPEN_FENCE)).seq).to.equal(expected);
      const { canonicalDigest, digest } = turn(expected);
      expect(await tags.target(target.repository, target.tag)).to.deep.equal({ canonicalDigest, digest });
    }
  });

  it('leave it to the highest when they come at once, through several stores as several processes have them', async () => {
    await using home = await tempDir('turns');
    const options = { rootDirectory: home.path, sync: false };
    const stores = await Promise.all(Array.from({ length: 3 }, () => FilesystemStore.open(options)));
    const contents = stores.map((store) => contentOf(store));
    for (let round = 0; round < 60; round++) {
      const seqs = Array.from({ length: 6 }, (_, i) => round * 6 + i + 1);
      const shuffled = seqs.toSorted(() => Math.random() - 0.5);
      await Promise.all(
        shuffled.map((seq, i) => {
          const content = contents[i % contents.length] as (typeof contents)[number];
          const own = turn(seq);
          return content.turns.take(target.repository, [], ({ fence }) =>
            moveTagInOrder(content, target, own, fence),
          );
        }),
      );
      const last = turn(seqs.at(-1) as number);
      expect(await contents[0]?.tags.resolve(target.repository, target.tag), `round ${round}`).to.equal(
        last.canonicalDigest,
      );
    }
  });

  it('move no tag if what they attach has been replaced since they were planned', async () => {
    const content = contentOf(new MemoryStore());
    const { repository } = target;
    const [planned, own, others] = [1, 2, 3].map((seq) => turn(seq).canonicalDigest) as [
      Sha256Digest,
      Sha256Digest,
      Sha256Digest,
    ];
    const signature = parseTag('sha256-0.sig');
    const named = (digest: Sha256Digest) =>
      content.tags.move(repository, signature, { canonicalDigest: digest, digest }, OPEN_FENCE);
    const move = (seq: number, previousDigest: Sha256Digest | undefined) =>
      moveTagInOrder(content, target, turn(seq), OPEN_FENCE, [
        { tag: signature, digest: own, previousDigest },
      ]);
    await named(others);
    for (const previous of [undefined, planned]) {
      const error = await move(1, previous).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('kind', 'ATTACHING_REFUSED');
      expect(await content.tags.resolve(repository, target.tag)).to.equal(undefined);
      expect(await content.tags.resolve(repository, signature)).to.equal(others);
      expect(await currentTicket(content.objects, target), 'nothing will move it later').to.equal(undefined);
    }
    await named(planned);
    expect((await move(4, planned)).seq).to.equal(4);
    expect(await content.tags.resolve(repository, signature)).to.equal(own);
    expect((await move(5, undefined)).seq, 'the same').to.equal(5);
  });
});
