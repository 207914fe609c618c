/** Promise: nobody promotes without the right to promote into the target, though they may pull the source and push it. */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import { type LeakWorld, type Person, pushBlobAs, pushManifestAs, startLeakWorld } from './leak-world.ts';

const [SOURCE, TARGET] = ['candidate/own', 'stable/own'];

describe('a promotion by somebody who may not promote', function () {
  this.timeout(60_000);
  let world: LeakWorld;
  before(async () => {
    world = await startLeakWorld();
    const { bearer } = world;
    const config = await pushBlobAs(bearer, 'ben', SOURCE, newBytes(50), MEDIA_TYPES.config);
    const layers = [await pushBlobAs(bearer, 'ben', SOURCE, newBytes(200))];
    await pushManifestAs(bearer, 'ben', SOURCE, '1', new Image({ config, layers }));
  });
  after(() => world[Symbol.asyncDispose]());

  for (const [how, guardOf, refusal] of [
    ['with tokens', ({ bearer }: LeakWorld) => bearer, 401],
    ['with passwords', ({ basic }: LeakWorld) => basic, 403],
  ] as const)
    it(`is refused to the builder of the image, and changes nothing, ${how}`, async () => {
      const guard = guardOf(world);
      const promote = (who: Person, dryRun: boolean) =>
        guard.as(who, {
          ...{ method: 'POST', path: '/api/v1/promotions' },
          scopes: [`repository:${TARGET}:promote`, `repository:${SOURCE}:pull`],
          body: Buffer.from(JSON.stringify({ source: `${SOURCE}:1`, target: `${TARGET}:1`, dryRun })),
          headers: { 'content-type': 'application/json' },
        });
      const get = (who: Person, path: string, scope: string) => guard.as(who, { path, scopes: [scope] });
      expect(
        (await get('ben', `/v2/${SOURCE}/manifests/1`, `repository:${SOURCE}:pull`)).status,
        'ben may pull it',
      ).to.equal(200);
      for (const dryRun of [true, false])
        expect((await promote('ben', dryRun)).status, `dryRun: ${dryRun}`).to.equal(refusal);
      const { body } = await get('olga', '/api/v1/publications', 'registry:release:view');
      expect(JSON.parse(body.toString())).to.deep.equal({ head: 0, publications: [] });
      expect((await get('olga', `/v2/${TARGET}/tags/list`, `repository:${TARGET}:pull`)).status).to.equal(
        404,
      );
      expect((await promote('rita', true)).status, 'with the right').to.equal(200);
    });
});
