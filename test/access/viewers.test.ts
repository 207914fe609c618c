/**
 * Promise: the right to view publications, or to promote, shows nothing of a repository that the client may not pull from.
 */
import { expect } from 'chai';
import { type Answer, expectError, jsonOf } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import {
  type Guard,
  type LeakWorld,
  type Person,
  pushBlobAs,
  pushManifestAs,
  startLeakWorld,
} from './leak-world.ts';

interface Page {
  readonly head: number;
  readonly publications: readonly { seq: number; source?: object; target: { repository: string } }[];
  readonly next?: number;
}

describe('publications of a repository that a client may not pull from', function () {
  this.timeout(60_000);
  let world: LeakWorld;
  const digests: string[] = [];

  const post = (guard: Guard, who: Person, source: string, target: string, dryRun = false) =>
    guard.as(who, {
      ...{ method: 'POST', path: '/api/v1/promotions' },
      scopes: [`repository:${target}:promote`, `repository:${source}:pull`],
      body: Buffer.from(JSON.stringify({ source: `${source}:1`, target: `${target}:1`, dryRun })),
      headers: { 'content-type': 'application/json' },
    });

  before(async () => {
    world = await startLeakWorld();
    const { bearer } = world;
    for (const name of ['x', 'y', 'z']) {
      const repository = `candidate/${name}`;
      const config = await pushBlobAs(bearer, 'ben', repository, newBytes(50), MEDIA_TYPES.config);
      const layers = [await pushBlobAs(bearer, 'ben', repository, newBytes(200))];
      await pushManifestAs(bearer, 'ben', repository, '1', new Image({ config, layers }));
      digests.push(config.digest, ...layers.map(({ digest }) => digest));
    }
    for (const [source, target] of [
      ['candidate/x', 'stable/private/x'],
      ['candidate/y', 'stable/open'],
      ['candidate/z', 'stable/private/z'],
    ] as const)
      expect((await post(bearer, 'rita', source, target)).body.toString()).to.include('"promoted"');
  });
  after(() => world[Symbol.asyncDispose]());

  const get = (guard: Guard, who: Person, path: string) =>
    guard.as(who, { path, scopes: ['registry:release:view'] });
  const page = async (guard: Guard, who: Person, query = ''): Promise<Page> => {
    const answer = await get(guard, who, `/api/v1/publications${query}`);
    expect(answer.status, answer.body.toString()).to.equal(200);
    return jsonOf(answer) as Page;
  };

  for (const [how, guardOf] of [
    ['with tokens', ({ bearer }: LeakWorld) => bearer],
    ['with passwords', ({ basic }: LeakWorld) => basic],
  ] as const) {
    it(`are in no list, ${how}, and neither is the source of what it may pull`, async () => {
      const guard = guardOf(world);
      const answer = await get(guard, 'vera', '/api/v1/publications');
      const { head, publications, next } = jsonOf(answer) as Page;
      expect({ head, next }).to.deep.equal({ head: 3, next: undefined });
      expect(publications.map(({ seq, target }) => [seq, target.repository])).to.deep.equal([
        [2, 'stable/open'],
      ]);
      expect(publications[0]).not.to.have.property('source');
      const text = answer.body.toString();
      for (const word of ['private', 'candidate', digests[0] ?? '', digests[4] ?? ''])
        expect(text).not.to.include(word);
      for (const who of ['rita', 'olga'] as const) {
        const all = await page(guard, who);
        expect(all.publications.map(({ seq }) => seq)).to.deep.equal([3, 2, 1]);
        for (const { source } of all.publications) expect(source).to.have.property('repository');
      }
    });

    it(`look like missing ones, ${how}`, async () => {
      const guard = guardOf(world);
      const told = ({ status, body }: Answer, seq: number) => ({
        status,
        body: body.toString().replace(`"seq":${seq}`, ''),
      });
      const absent = await get(guard, 'vera', '/api/v1/publications/99');
      expectError(absent, 404, 'PUBLICATION_UNKNOWN');
      for (const seq of [1, 3])
        expect(told(await get(guard, 'vera', `/api/v1/publications/${seq}`), seq)).to.deep.equal(
          told(absent, 99),
        );
      const open = await get(guard, 'vera', '/api/v1/publications/2');
      expect(jsonOf(open)).to.have.property('seq', 2);
      expect(open.body.toString()).not.to.include('candidate');
      expect((await get(guard, 'rita', '/api/v1/publications/1')).status).to.equal(200);
    });

    it(`leave no gap in pages, ${how}`, async () => {
      for (const [who, expected] of [
        ['vera', [2]],
        ['rita', [3, 2, 1]],
      ] as const) {
        const seen: number[] = [];
        let { publications, next } = await page(guardOf(world), who, '?limit=1');
        for (let pages = 0; pages < 5; pages++) {
          seen.push(...publications.map(({ seq }) => seq));
          if (next === undefined) break;
          ({ publications, next } = await page(guardOf(world), who, `?limit=1&before=${next}`));
        }
        expect(seen, who).to.deep.equal(expected);
      }
    });

    it(`say nothing of what its tags name to a client that may promote, ${how}`, async () => {
      const guard = guardOf(world);
      const dryRun = async (who: Person, target: string) => {
        const answer = await post(guard, who, 'candidate/y', target, true);
        expect(answer.status, answer.body.toString()).to.equal(200);
        return answer.body.toString();
      };
      expect(await dryRun('paul', 'stable/private/x')).not.to.include('previousDigest');
      expect(await dryRun('rita', 'stable/private/x')).to.include('previousDigest');
      expect(await dryRun('paul', 'stable/open')).to.include('previousDigest');
    });
  }

  it('cannot be pulled with a token for the list', async () => {
    for (const name of ['stable/open', 'candidate/x'])
      for (const who of ['rita', 'vera'] as const) {
        const path = `/v2/${name}/manifests/1`;
        const answer = await world.bearer.as(who, { path, scopes: ['registry:release:view'] });
        expect(answer.status).to.equal(401);
      }
  });
});
