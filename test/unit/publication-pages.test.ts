import { expect } from 'chai';
import type { RouteContext } from '../../services/http/context.ts';
import { grantsBy } from '../../services/registry/access/grants.ts';
import { getPublications } from '../../services/release/publications.ts';
import type { Publications } from '../../services/release/schemas.ts';
import type { ReleaseService } from '../../services/release/service.ts';

/** A log in which only every `nth` entry is in a repository that the client may pull from; each has so many blobs. */
function logOf(entries: number, nth: number, blobs = 0) {
  let reads = 0;
  const read = async (seq: number) => {
    reads++;
    const repository = seq % nth === 0 ? 'seen' : 'unseen';
    const source = { repository: 'candidate', reference: '1' };
    return { seq, target: { repository, tag: '1' }, source, collections: { default: Array(blobs).fill({}) } };
  };
  const service = { content: { log: { head: async () => entries, read } } } as unknown as ReleaseService;
  const principal = grantsBy((wanted) => ({
    isAllowed: wanted.type === 'repository' && wanted.name === 'seen',
    rule: undefined,
  }));
  return {
    get reads() {
      return reads;
    },
    async page(querystring: string): Promise<Publications> {
      const ctx = { req: {}, querystring, state: { principal }, body: undefined as unknown };
      await getPublications(service, ctx as unknown as RouteContext);
      return ctx.body as Publications;
    },
  };
}

/** Promise: a page of the publication log costs a bounded number of reads, and pages together miss nothing. */
describe('a page of publications', () => {
  it('ends after two hundred entries that the client may not see, and the next one continues there', async () => {
    const log = logOf(1000, 450);
    const pages: number[][] = [];
    let next: number | undefined = 1001;
    while (next !== undefined && pages.length < 10) {
      const before: number = log.reads;
      const page: Publications = await log.page(`limit=5&before=${next}`);
      expect(log.reads - before).to.be.at.most(200);
      pages.push(page.publications.map(({ seq }) => seq));
      next = page.next;
    }
    expect(pages).to.deep.equal([[900], [], [450], [], []]);
  });

  it('ends at its limit, with nothing left out before the next', async () => {
    const log = logOf(9, 2);
    const first = await log.page('limit=2');
    expect(first.publications.map(({ seq }) => seq)).to.deep.equal([8, 6]);
    const second = await log.page(`limit=2&before=${first.next}`);
    expect(second.publications.map(({ seq }) => seq)).to.deep.equal([4, 2]);
    const last = await log.page(`limit=2&before=${second.next}`);
    expect(last).to.deep.equal({ head: 9, publications: [] });
  });

  it('has a hundred entries at most, whatever is asked for', async () => {
    const { publications, next } = await logOf(300, 1).page('limit=1000');
    expect([publications.length, next]).to.deep.equal([100, 201]);
  });

  it('ends with the entry that reaches ten thousand blobs', async () => {
    const { publications, next } = await logOf(10, 1, 4000).page('limit=10');
    expect(publications.map(({ seq }) => seq)).to.deep.equal([10, 9, 8]);
    expect(next).to.equal(8);
  });
});
