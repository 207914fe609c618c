/**
 * Promise: an image of which anything is missing, or is not what it should be, is not promoted: the answer names what
 * lacks, and the tag stays where it was.
 */
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { blobPath, layerLink, revisionLink } from '../protocol/on-disk.ts';
import { pushImage, pushIndex } from '../protocol/pushing.ts';
import { expectError, jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { promote } from './promoting.ts';

describe('promotions of incomplete images', () => {
  let registry: TestRegistry;
  let images: readonly [Image, Image];
  let round = 0;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry[Symbol.asyncDispose]());

  const name = () => `candidate/image-${round}`;
  /** A multi-platform image that nobody has looked at, and the tag that is to be moved to it. */
  beforeEach(async () => {
    round += 1;
    const push = (tag: string) => pushImage(registry.url, name(), tag, [newBytes(), newBytes(5000)]);
    images = [await push('amd64'), await push('arm64')];
    await pushIndex(registry.url, name(), 'multi', images);
    await pushImage(registry.url, 'candidate/old', String(round));
    await promote(registry.url, `candidate/old:${round}`, `stable:${round}`);
  });

  const tagged = async () =>
    (await send(registry.url, `/v2/stable/manifests/${round}`)).headers['docker-content-digest'];
  const head = async () => (jsonOf(await send(registry.url, '/api/v1/status')) as { head: number }).head;

  async function expectRefused(missing: readonly string[]): Promise<void> {
    const [digest, entries] = [await tagged(), await head()];
    const answer = await promote(registry.url, `${name()}:multi`, `stable:${round}`);
    const { detail } = expectError(answer, 409, 'MANIFEST_BLOB_UNKNOWN');
    const told = detail?.['missing'] as { digest: string }[];
    expect(told.map((each) => each.digest)).to.have.members(missing);
    expect(await tagged()).to.equal(digest);
    expect(await head()).to.equal(entries);
  }

  const remove = (path: string) => rm(join(registry.rootDirectory, path));

  it("are refused when a platform's manifest was deleted from the repository", async () => {
    await remove(revisionLink(name(), images[1].digest));
    await expectRefused([images[1].digest]);
  });

  it("are refused when the bytes of a platform's manifest are gone", async () => {
    await remove(blobPath(images[0].digest));
    await expectRefused([images[0].digest]);
  });

  it('are refused when the bytes of a layer and of a config are gone, naming both', async () => {
    const gone = [images[0].layers[1]?.digest ?? '', images[1].config.digest];
    for (const digest of gone) await remove(blobPath(digest));
    await expectRefused(gone);
  });

  it('are refused when a layer was deleted from the repository', async () => {
    const digest = images[1].layers[0]?.digest ?? '';
    await remove(layerLink(name(), digest));
    await expectRefused([digest]);
  });

  it('are refused when a layer has not the size that its manifest states', async () => {
    const digest = images[0].layers[0]?.digest ?? '';
    await truncate(join(registry.rootDirectory, blobPath(digest)), 10);
    await expectRefused([digest]);
  });

  it('go through once what was missing has been pushed again', async () => {
    const layer = newBytes(3000);
    const broken = await pushImage(registry.url, name(), 'multi', [layer]);
    await remove(blobPath(broken.layers[0]?.digest ?? ''));
    await expectRefused(broken.layers.map(({ digest }) => digest));
    await pushImage(registry.url, name(), 'other', [layer]);
    const { lines } = await promote(registry.url, `${name()}:multi`, `stable:${round}`);
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    expect(await tagged()).to.equal(broken.digest);
  });

  it('are refused for a digest that the repository does not have', async () => {
    const { digest } = await pushImage(registry.url, 'candidate/elsewhere', '1');
    const answer = await promote(registry.url, `${name()}@${digest}`, `stable:${round}`);
    expect(answer.status, answer.body.toString()).to.be.oneOf([404, 409]);
    expect(answer.body.toString()).to.include(digest);
  });
});
