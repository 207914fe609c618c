/**
 * Promise: content pushed by SHA-512 is Distribution's too. Its bytes lie where all bytes lie, and a second link leads
 * there, as Distribution 2.8 and 3 write it themselves.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { DISTRIBUTION_ROOT, filesBelow } from '../protocol/on-disk.ts';
import { pushBlob, pushImage, pushManifest, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { besideDistribution, DIRECTIONS } from './beside.ts';
import { askForManifest, expectSamePull, pullAll } from './pulling.ts';
import { pushBlobAs } from './sha512.ts';

besideDistribution('one directory, SHA-512', (pair) => {
  for (const { title, writer, reader } of DIRECTIONS)
    describe(title, () => {
      const url = () => pair[writer].url;
      const readerUrl = () => pair[reader].url;
      const name = `sha512/${writer}`;

      it('blobs, under both of their names', async () => {
        const bytes = newBytes(50_000);
        expect((await pushBlobAs(url(), name, bytes, sha512(bytes))).status).to.equal(201);
        for (const digest of [sha512(bytes), sha256(bytes)]) {
          const answer = await send(readerUrl(), `/v2/${name}/blobs/${digest}`);
          expect(answer.status, digest).to.equal(200);
          expect(answer.body.equals(bytes)).to.equal(true);
        }
      });

      it('an image that names its layer so', async () => {
        const layer = newBytes();
        await pushBlobAs(url(), name, layer, sha512(layer));
        const config = await pushBlob(url(), name, newBytes(), MEDIA_TYPES.config);
        const layers = [new Content(layer, MEDIA_TYPES.layer, 'sha512')];
        await pushManifest(url(), name, new Image({ config, layers }), 'layer');
        const pulled = await pullAll(readerUrl(), name, 'layer');
        expect(pulled).to.have.property(`/v2/${name}/blobs/${sha512(layer)}`);
      });
    });

  it('a manifest that was pushed to us so is served by Distribution, by its tag and under both names', async () => {
    const name = 'sha512/manifest';
    const { bytes } = await pushImage(pair.ours.url, name, 'base');
    const manifest = Buffer.concat([bytes, Buffer.from('\n')]);
    const target = `${sha512(manifest)}?tag=tagged`;
    expect((await putManifest(pair.ours.url, name, target, manifest, MEDIA_TYPES.image)).status).to.equal(
      201,
    );
    for (const reference of ['tagged', sha512(manifest), sha256(manifest)])
      for (const { url } of [pair.ours, pair.theirs]) {
        const answer = await askForManifest(url, name, reference);
        expect(answer.status, `${reference} at ${url}`).to.equal(200);
        expect(answer.body.equals(manifest)).to.equal(true);
      }
    await expectSamePull(pair, name, sha256(manifest));
  });

  it('is written in the same files by both', async () => {
    const bytes = newBytes();
    const written = [];
    for (const [name, { url }] of [
      ['sha512/files/ours', pair.ours],
      ['sha512/files/theirs', pair.theirs],
    ] as const) {
      expect((await pushBlobAs(url, name, bytes, sha512(bytes))).status).to.equal(201);
      const directory = join(pair.ours.rootDirectory, DISTRIBUTION_ROOT, 'repositories', name);
      written.push(await filesBelow(directory));
    }
    expect(written[0]).to.deep.equal(written[1]).and.have.length(2);
  });

  it('what Distribution deletes under one name, we do not serve under the other', async () => {
    const name = 'sha512/deleted';
    const bytes = newBytes();
    await pushBlobAs(pair.ours.url, name, bytes, sha512(bytes));
    const target = `/v2/${name}/blobs/${sha256(bytes)}`;
    expect((await send(pair.theirs.url, target, { method: 'DELETE' })).status).to.equal(202);
    for (const digest of [sha256(bytes), sha512(bytes)])
      expect((await send(pair.ours.url, `/v2/${name}/blobs/${digest}`)).status).to.equal(404);
  });

  it('we mount, and Distribution then serves it', async () => {
    const bytes = newBytes();
    await pushBlobAs(pair.theirs.url, 'sha512/lends', bytes, sha512(bytes));
    const target = `/v2/sha512/mounts/blobs/uploads/?mount=${sha512(bytes)}&from=sha512/lends`;
    expect((await send(pair.ours.url, target, { method: 'POST' })).status).to.equal(201);
    for (const { url } of [pair.ours, pair.theirs])
      for (const digest of [sha512(bytes), sha256(bytes)])
        expect((await send(url, `/v2/sha512/mounts/blobs/${digest}`)).status).to.equal(200);
  });

  it('Distribution mounts so that it leads nowhere is not there for us either, and can be uploaded', async () => {
    const bytes = newBytes();
    await pushBlobAs(pair.theirs.url, 'sha512/lends', bytes, sha512(bytes));
    const target = `/v2/sha512/nowhere/blobs/uploads/?mount=${sha512(bytes)}&from=sha512/lends`;
    expect((await send(pair.theirs.url, target, { method: 'POST' })).status).to.equal(201);
    // Its link holds the SHA-512, under which nothing lies.
    const blob = `/v2/sha512/nowhere/blobs/${sha512(bytes)}`;
    for (const { url } of [pair.theirs, pair.ours]) expect((await send(url, blob)).status).to.equal(404);
    expect((await pushBlobAs(pair.ours.url, 'sha512/nowhere', bytes, sha512(bytes))).status).to.equal(201);
    for (const { url } of [pair.theirs, pair.ours]) expect((await send(url, blob)).status).to.equal(200);
  });
});
