/**
 * Promise: what is attached to an image goes where the image goes. A signature that stayed behind with the candidate
 * would make the stable image one that nobody may run.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { blobPath } from '../protocol/on-disk.ts';
import { pushBlob, pushImage, pushIndex, pushManifest } from '../protocol/pushing.ts';
import { jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { type Descriptor, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { promote } from './promoting.ts';

const SBOM = 'application/spdx+json';

describe('what is attached to a promoted image', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry[Symbol.asyncDispose]());

  /** Pushes an artifact, with or without a subject, and returns its manifest's descriptor. */
  async function pushArtifact(
    name: string,
    reference: string | undefined,
    subject?: Descriptor,
  ): Promise<Descriptor> {
    const layers = [await pushBlob(registry.url, name, newBytes(), SBOM)];
    await pushBlob(registry.url, name, EMPTY_CONFIG.bytes);
    const artifact = new Image({
      ...{ artifactType: SBOM, config: EMPTY_CONFIG, layers },
      ...(subject && { subject }),
    });
    await pushManifest(registry.url, name, artifact, reference);
    return artifact;
  }

  const manifest = (name: string, reference: string) =>
    send(registry.url, `/v2/${name}/manifests/${reference}`);
  const referrers = async (name: string, digest: string) =>
    (
      jsonOf(await send(registry.url, `/v2/${name}/referrers/${digest}`)) as {
        manifests: { digest: string; artifactType: string }[];
      }
    ).manifests;

  it('goes along: referrers of the image, and referrers of those', async () => {
    const image = await pushImage(registry.url, 'candidate/a', '1');
    const sbom = await pushArtifact('candidate/a', undefined, image);
    const signature = await pushArtifact('candidate/a', undefined, sbom);
    const { lines } = await promote(registry.url, 'candidate/a:1', 'a:1');
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    expect(lines[0]).to.deep.include({ manifests: 3 });
    expect(await referrers('a', image.digest)).to.deep.equal([{ ...sbom, artifactType: SBOM }]);
    expect(await referrers('a', sbom.digest)).to.deep.equal([{ ...signature, artifactType: SBOM }]);
    expect((await manifest('a', signature.digest)).status).to.equal(200);
  });

  it("goes along: cosign's older tags, of the image and of each platform's", async () => {
    const children = [
      await pushImage(registry.url, 'candidate/b', 'amd64'),
      await pushImage(registry.url, 'candidate/b', 'arm64'),
    ];
    const index = await pushIndex(registry.url, 'candidate/b', '1', children);
    const tagOf = (digest: string, suffix: string) => `${digest.replace(':', '-')}.${suffix}`;
    const signed = [tagOf(index.digest, 'sig'), tagOf(children[1]?.digest ?? '', 'att')];
    const attached = [];
    for (const tag of signed) attached.push(await pushArtifact('candidate/b', tag));
    await promote(registry.url, 'candidate/b:1', 'b:1');
    for (const [i, tag] of signed.entries()) {
      const answer = await manifest('b', tag);
      expect(answer.headers['docker-content-digest'], tag).to.equal(attached[i]?.digest);
    }
    expect((await manifest('b', 'amd64')).status, 'no other tag goes along').to.equal(404);
  });

  it('goes later, too: an image that is signed after its promotion is promoted again', async () => {
    const image = await pushImage(registry.url, 'candidate/c', '1');
    await promote(registry.url, 'candidate/c:1', 'c:1');
    const again = await promote(registry.url, 'candidate/c:1', 'c:1');
    expect(again.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'already-there' });
    const signature = await pushArtifact('candidate/c', undefined, image);
    const { lines } = await promote(registry.url, 'candidate/c:1', 'c:1');
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    expect(await referrers('c', image.digest)).to.deep.equal([{ ...signature, artifactType: SBOM }]);
  });

  it('is checked as the image is: one whose blob is lost stops the promotion', async () => {
    const image = await pushImage(registry.url, 'candidate/d', '1');
    const config = await pushBlob(registry.url, 'candidate/d', newBytes(50), MEDIA_TYPES.config);
    await pushManifest(registry.url, 'candidate/d', new Image({ config, layers: [], subject: image }));
    await rm(join(registry.rootDirectory, blobPath(config.digest)));
    const answer = await promote(registry.url, 'candidate/d:1', 'd:1');
    expect(answer.lines.at(-1) ?? jsonOf(answer)).to.satisfy((line: unknown) =>
      JSON.stringify(line).includes('MANIFEST_BLOB_UNKNOWN'),
    );
    expect((await manifest('d', '1')).status).to.equal(404);
  });
});
