/**
 * Promise: stable changes only by promotion. A promotion is checked whole before anything is touched, tells each step,
 * is recorded with who, what and what was there before, and moves the tag last or not at all.
 */
import { expect } from 'chai';
import { contentBelow } from '../protocol/on-disk.ts';
import { pushBlob, pushImage, pushIndex, putManifest } from '../protocol/pushing.ts';
import { expectError, jsonOf, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { postPromotion, promote } from './promoting.ts';

interface Entry {
  readonly seq: number;
  readonly collections: { readonly default: { digest: string; sizeBytes: number }[] };
  readonly [key: string]: unknown;
}

describe('promotions', () => {
  let registry: TestRegistry;
  let image: Image;
  before(async () => {
    registry = await startRegistry();
    image = await pushImage(registry.url, 'candidate/hello', '1', [newBytes(), newBytes(100_000)]);
  });
  after(() => registry[Symbol.asyncDispose]());

  const stable = (name: string, tag = '1') => send(registry.url, `/v2/${name}/manifests/${tag}`);
  const newest = async () =>
    (jsonOf(await send(registry.url, '/api/v1/publications?limit=1')) as { publications: Entry[] })
      .publications[0];

  it('make an image stable: manifest, blobs, tag and log, and report each step', async () => {
    const { lines } = await promote(registry.url, 'candidate/hello:1', 'hello:1', {
      actor: 'release engineer',
    });
    const blobs = [image.config, ...image.layers];
    const sizeBytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
    expect(lines).to.deep.equal([
      {
        ...{ event: 'planned', source: 'candidate/hello:1', target: 'hello:1', digest: image.digest },
        ...{ manifests: 1, blobs: 3, sizeBytes, newBlobs: 3, newBytes: sizeBytes },
      },
      { event: 'linked', manifests: 1, blobs: 3 },
      { event: 'published', seq: 1, newBlobs: 3, newBytes: sizeBytes },
      { event: 'tagged', seq: 1 },
      { event: 'done', outcome: 'promoted' },
    ]);
    for (const reference of ['1', image.digest])
      expect((await stable('hello', reference)).body.equals(image.bytes)).to.equal(true);
    for (const { digest, size } of blobs) {
      const got = await send(registry.url, `/v2/hello/blobs/${digest}`);
      expect(got.headers['content-length']).to.equal(String(size));
    }
    const entry = await newest();
    expect(entry).to.deep.include({
      ...{ version: 1, seq: 1, actor: 'release engineer', kind: 'promotion', manifestDigest: image.digest },
      source: { repository: 'candidate/hello', reference: '1' },
      target: { repository: 'hello', tag: '1' },
    });
    expect(entry).not.to.have.property('previousDigest');
    expect(entry?.collections.default).to.have.deep.members(
      blobs.map(({ digest, size }) => ({ digest, sizeBytes: size })),
    );
  });

  it('do nothing when all is done, and say so', async () => {
    await promote(registry.url, 'candidate/hello:1', 'again:1');
    const before = await contentBelow(registry.rootDirectory);
    const { lines } = await promote(registry.url, 'candidate/hello:1', 'again:1');
    expect(lines.map(({ event }) => event)).to.deep.equal(['planned', 'done']);
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'already-there' });
    expect(await contentBelow(registry.rootDirectory)).to.deep.equal(before);
  });

  it('change no file on a dry run', async () => {
    const before = await contentBelow(registry.rootDirectory);
    const { lines } = await promote(registry.url, 'candidate/hello:1', 'dry:1', { dryRun: true });
    expect(lines.map(({ event }) => event)).to.deep.equal(['planned', 'done']);
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'dry-run' });
    expect(await contentBelow(registry.rootDirectory)).to.deep.equal(before);
    expectError(await stable('dry'), 404, 'NAME_UNKNOWN');
  });

  it('record what the tag named before, and publish only what no entry has published', async () => {
    const layer = newBytes();
    const first = await pushImage(registry.url, 'candidate/twice', '1', [layer]);
    const second = await pushImage(registry.url, 'candidate/twice', '2', [layer, newBytes()]);
    await promote(registry.url, 'candidate/twice:1', 'twice:latest');
    const { lines } = await promote(registry.url, `candidate/twice@${second.digest}`, 'twice:latest');
    expect(lines[0]).to.deep.include({ previousDigest: first.digest, blobs: 3, newBlobs: 2 });
    const entry = await newest();
    expect(entry).to.deep.include({
      ...{ manifestDigest: second.digest, previousDigest: first.digest, actor: 'anonymous' },
      source: { repository: 'candidate/twice', reference: second.digest },
    });
    const fresh = [second.config, ...second.layers.slice(1)].map(({ digest }) => digest);
    expect(entry?.collections.default.map(({ digest }) => digest)).to.have.members(fresh);
    expect((await stable('twice', 'latest')).body.equals(second.bytes)).to.equal(true);
    await promote(registry.url, `twice@${first.digest}`, 'twice:latest');
    expect((await stable('twice', 'latest')).body.equals(first.bytes), 'and back').to.equal(true);
  });

  it('carry an index with all that it lists, each blob counted once', async () => {
    const shared = newBytes();
    const images = [
      await pushImage(registry.url, 'candidate/multi', 'amd64', [shared]),
      await pushImage(registry.url, 'candidate/multi', 'arm64', [shared]),
    ];
    const inner = await pushIndex(registry.url, 'candidate/multi', 'inner', images);
    const outer = await pushIndex(registry.url, 'candidate/multi', '1', [inner, ...images]);
    const { lines } = await promote(registry.url, 'candidate/multi:1', 'multi:1');
    expect(lines[0]).to.deep.include({ manifests: 4, blobs: 3 });
    for (const { digest, bytes } of [outer, inner, ...images])
      expect((await stable('multi', digest)).body.equals(bytes)).to.equal(true);
    expectError(await stable('multi', 'amd64'), 404, 'MANIFEST_UNKNOWN');
  });

  it('are the only way in: a push to stable is refused, naming the way', async () => {
    const upload = await send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' });
    const { message } = expectError(upload, 403, 'DENIED');
    expect(message).to.include('roadstead promote candidate/hello:TAG hello:TAG');
    expectError(await putManifest(registry.url, 'hello', '2', image.bytes, image.mediaType), 403, 'DENIED');
    const mount = `/v2/hello/blobs/uploads/?mount=${image.config.digest}&from=candidate/hello`;
    expectError(await send(registry.url, mount, { method: 'POST' }), 403, 'DENIED');
    await pushBlob(registry.url, 'candidate/hello', newBytes());
  });

  const refused: [what: string, source: string, target: string, status: number, code: string][] = [
    ['an unknown tag', 'candidate/hello:none', 'x:1', 404, 'MANIFEST_UNKNOWN'],
    ['an unknown repository', 'candidate/nobody:1', 'x:1', 404, 'MANIFEST_UNKNOWN'],
    ['a candidate as the target', 'candidate/hello:1', 'candidate/x:1', 403, 'DENIED'],
    ['a digest as the target', 'candidate/hello:1', `x@sha256:${'0'.repeat(64)}`, 400, 'TAG_INVALID'],
    ['a source that is no name', 'Candidate/Hello:1', 'x:1', 400, 'NAME_INVALID'],
    ['a target that is no name', 'candidate/hello:1', '../x:1', 400, 'NAME_INVALID'],
    ['a target tag that is none', 'candidate/hello:1', 'x:.1', 400, 'TAG_INVALID'],
    ['a source digest that is none', 'candidate/hello@sha256:1', 'x:1', 400, 'DIGEST_INVALID'],
    ['an empty source', '', 'x:1', 400, 'NAME_INVALID'],
  ];
  for (const [what, source, target, status, code] of refused)
    it(`are refused for ${what}`, async () => {
      expectError(await promote(registry.url, source, target), status, code);
    });

  const malformed: [what: string, body: unknown][] = [
    ['no JSON', '{"source":'],
    ['nothing', ''],
    ['a list', []],
    ['no target', { source: 'candidate/hello:1' }],
    ['a source that is a number', { source: 1, target: 'x:1' }],
    ['a dry run that is "yes"', { source: 'candidate/hello:1', target: 'x:1', dryRun: 'yes' }],
    ['fewer than no mirrors', { source: 'candidate/hello:1', target: 'x:1', waitMirrors: -1 }],
    ['half a mirror', { source: 'candidate/hello:1', target: 'x:1', waitMirrors: 0.5 }],
    ['more mirrors than there are', { source: 'candidate/hello:1', target: 'x:1', waitMirrors: 1 }],
    ['a member that nobody knows', { source: 'candidate/hello:1', target: 'x:1', dry_run: true }],
    [
      'a name of an actor without end',
      { source: 'candidate/hello:1', target: 'x:1', actor: 'x'.repeat(70_000) },
    ],
  ];
  for (const [what, body] of malformed)
    it(`are refused for a body with ${what}`, async () => {
      expectError(await postPromotion(registry.url, body), 400, 'PARAMETER_INVALID');
    });
});
