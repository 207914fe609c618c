/**
 * Promise: a layer that must not be distributed goes along with a promotion where the candidate has it, so that whoever
 * cannot reach its URLs pulls stable as they pulled the candidate; it is on no mirror. Where it is missing, it may be.
 */
import { expect } from 'chai';
import { check } from '../check/stores.ts';
import { pushBlob, pushManifest } from '../protocol/pushing.ts';
import { jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Content, type Descriptor, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { promote } from './promoting.ts';

const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
const urls = ['https://example.org/layer'];

describe('non-distributable layers', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry[Symbol.asyncDispose]());

  /** An image of one ordinary layer and a foreign one, which the caller may have pushed. */
  async function pushWith(name: string, foreign: Descriptor): Promise<string> {
    const config = await pushBlob(registry.url, name, newBytes(100), MEDIA_TYPES.config);
    const layer = await pushBlob(registry.url, name, newBytes());
    const layers = [layer, { ...foreign, mediaType: FOREIGN, urls }];
    const image = new Image({ config, layers }, MEDIA_TYPES.dockerImage);
    await pushManifest(registry.url, name, image, '1');
    return image.digest;
  }
  const blob = (name: string, { digest }: Descriptor) => send(registry.url, `/v2/${name}/blobs/${digest}`);
  const publicationOf = async (repository: string, { digest }: Descriptor) =>
    (
      jsonOf(await send(registry.url, `/api/v1/explain?repository=${repository}&digest=${digest}`)) as {
        publication: number | null;
      }
    ).publication;

  it('go along where the candidate has them, and are not published', async () => {
    const foreign = await pushBlob(registry.url, 'candidate/has', newBytes(2000));
    await pushWith('candidate/has', foreign);
    const { stdout } = await registry.cli(['promote', 'candidate/has:1', 'has:1']);
    expect(stdout).to.include('1 non-distributable layers (2.0 kB) are linked, but not published to mirrors');
    expect((await blob('has', foreign)).body.length).to.equal(2000);
    expect(await publicationOf('has', foreign)).to.equal(null);
    const again = await promote(registry.url, 'candidate/has:1', 'has:1');
    expect(again.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'already-there' });
    // The origin path, which anybody may ask, has only what is published.
    const [, hex = ''] = foreign.digest.split(':');
    const path = `/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    expect((await send(registry.url, path)).status).to.equal(404);
  });

  it('may be missing; pushed later, they go along when the image is promoted again', async () => {
    const bytes = newBytes(3000);
    const foreign = new Content(bytes, FOREIGN);
    await pushWith('candidate/later', foreign);
    const first = await promote(registry.url, 'candidate/later:1', 'later:1');
    expect(first.lines[0]).to.deep.include({ blobs: 2 }).and.not.to.have.property('nonDistributableBlobs');
    expect(first.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    expect((await blob('later', foreign)).status).to.equal(404);
    await pushBlob(registry.url, 'candidate/later', bytes);
    const second = await promote(registry.url, 'candidate/later:1', 'later:1');
    expect(second.lines[0]).to.deep.include({ nonDistributableBlobs: 1, nonDistributableBytes: 3000 });
    expect(second.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    expect((await blob('later', foreign)).status).to.equal(200);
  });

  it('are sound and in use, here and missing', async () => {
    const findings = await check(registry.rootDirectory, { deep: true });
    expect(findings.map(({ kind }) => kind)).to.deep.equal([]);
  });

  it('are refused when they are not what the manifest says', async () => {
    const pushed = await pushBlob(registry.url, 'candidate/wrong', newBytes(500));
    await pushWith('candidate/wrong', { ...pushed, size: 501 });
    const answer = await promote(registry.url, 'candidate/wrong:1', 'wrong:1');
    expect(answer.status).to.equal(409);
    expect(answer.body.toString()).to.include(pushed.digest);
  });
});
