/**
 * Promise: what clients attached to images while a bucket was Distribution's, which knows no referrers, is in our
 * lists of them: they wrote it into the fallback tag (distribution specification, "Referrers Tag Schema"), and that tag
 * stays as it was. Signatures by tags, as cosign makes them, are tags for both.
 */
import { expect } from 'chai';
import { pushBlob, pushImage, pushIndex, pushManifest } from '../protocol/pushing.ts';
import { jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { hexOf } from '../support/digest.ts';
import { type Descriptor, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../support/image.ts';
import { besideDistribution, type Pair } from './beside.ts';
import { askForManifest, expectSamePull, listPages } from './pulling.ts';

interface Referrer extends Descriptor {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Pushes an artifact by its digest, as clients do who attach it to a subject; answers with its descriptor. */
async function attach(
  url: string,
  name: string,
  subject: Descriptor,
  artifactType: string,
): Promise<Referrer> {
  await pushBlob(url, name, EMPTY_CONFIG.bytes);
  const layers = [await pushBlob(url, name, newBytes(), 'text/plain')];
  const annotations = { 'org.example.made': artifactType };
  const artifact = new Image({ artifactType, config: EMPTY_CONFIG, layers, annotations, subject });
  await pushManifest(url, name, artifact);
  return { ...artifact, artifactType, annotations };
}

/** Writes the fallback tag, as a client does that got no `OCI-Subject` in answer to its push. */
async function writeFallbackTag(
  url: string,
  name: string,
  subject: Descriptor,
  referrers: readonly Referrer[],
): Promise<void> {
  await pushIndex(url, name, `sha256-${hexOf(subject.digest)}`, referrers);
}

async function referrersOf({ ours }: Pair, name: string, digest: string, query = ''): Promise<Referrer[]> {
  const answer = await send(ours.url, `/v2/${name}/referrers/${digest}${query}`);
  expect(answer.status).to.equal(200);
  expect(answer.headers['content-type']).to.equal(MEDIA_TYPES.index);
  return (jsonOf(answer) as { manifests: Referrer[] }).manifests;
}

besideDistribution('one directory, referrers', (pair) => {
  it('lists what was attached through Distribution, with what is attached through us', async () => {
    const name = 'attached/to';
    const image = await pushImage(pair.theirs.url, name, '1');
    const old = [
      await attach(pair.theirs.url, name, image, 'application/spdx+json'),
      await attach(pair.theirs.url, name, image, 'application/vnd.example.signature'),
    ];
    await writeFallbackTag(pair.theirs.url, name, image, old);
    expect(await referrersOf(pair, name, image.digest)).to.have.deep.members(old);

    const added = await attach(pair.ours.url, name, image, 'application/spdx+json');
    expect(await referrersOf(pair, name, image.digest)).to.have.deep.members([...old, added]);
    const query = `?artifactType=${encodeURIComponent('application/spdx+json')}`;
    expect(await referrersOf(pair, name, image.digest, query)).to.have.deep.members([old[0], added]);

    const tag = `sha256-${hexOf(image.digest)}`;
    await expectSamePull(pair, name, tag);
    const { manifests } = jsonOf(await askForManifest(pair.theirs.url, name, tag)) as {
      manifests: Referrer[];
    };
    expect(manifests).to.deep.equal(old);
    await expectSamePull(pair, name, added.digest);
  });

  it('lists no more what was deleted through either, nor what the fallback tag says wrongly', async () => {
    const name = 'detached';
    const image = await pushImage(pair.theirs.url, name, '1');
    const other = await pushImage(pair.ours.url, name, 'other');
    const old = [];
    for (const type of ['a', 'b', 'c'])
      old.push(await attach(pair.theirs.url, name, image, `application/${type}`));
    const foreign = await attach(pair.ours.url, name, other, 'application/foreign');
    await writeFallbackTag(pair.theirs.url, name, image, [...old, foreign]);
    const added = await attach(pair.ours.url, name, image, 'application/d');
    const [a, b, c] = old;
    expect(await referrersOf(pair, name, image.digest)).to.have.deep.members([...old, added]);
    for (const [url, gone] of [
      [pair.theirs.url, a],
      [pair.ours.url, b],
      [pair.theirs.url, added],
    ] as const) {
      const target = `/v2/${name}/manifests/${gone?.digest}`;
      expect((await send(url, target, { method: 'DELETE' })).status).to.equal(202);
    }
    expect(await referrersOf(pair, name, image.digest)).to.deep.equal([c]);
    expect(await referrersOf(pair, name, other.digest)).to.deep.equal([foreign]);
  });

  it('serves signatures by tags, as cosign makes them, through both', async () => {
    const name = 'signed';
    const image = await pushImage(pair.theirs.url, name, '1');
    for (const [suffix, { url }] of [
      ['sig', pair.theirs],
      ['att', pair.ours],
    ] as const)
      await pushImage(url, name, `sha256-${hexOf(image.digest)}.${suffix}`);
    const tags = ['1', `sha256-${hexOf(image.digest)}.att`, `sha256-${hexOf(image.digest)}.sig`];
    for (const tag of tags) await expectSamePull(pair, name, tag);
    expect(await listPages(pair.ours.url, `/v2/${name}/tags/list`, 'tags')).to.deep.equal(tags);
    expect(await referrersOf(pair, name, image.digest)).to.deep.equal([]);
  });

  it('keeps its own records where Distribution lists no repository and no tag', async () => {
    const name = 'records';
    const image = await pushImage(pair.ours.url, name, '1');
    await attach(pair.ours.url, name, image, 'application/a');
    expect(await listPages(pair.theirs.url, `/v2/${name}/tags/list`, 'tags')).to.deep.equal(['1']);
    const catalog = await listPages(pair.theirs.url, '/v2/_catalog?n=1000', 'repositories');
    expect(catalog.filter((each) => each.includes(name))).to.deep.equal([name]);
  });
});
