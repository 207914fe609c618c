/** Promise: a mirror that a reload adds is given all blobs and gets clients, and one that it removes gets none any more. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type StaticMirror, startStaticMirror } from '../faults/static-mirror.ts';
import { pullStrictly } from '../mirrors/asker.ts';
import { startParts } from '../mirrors/parts.ts';
import { awaitComplete, layerSizes, mirrorViews, releaseImage } from '../mirrors/scene.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { reconfigure } from './edit.ts';

const WAIT_MS = 40_000;

describe('mirrors in a reload', function () {
  this.timeout(150_000);
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());

  async function makeMirror(name: string) {
    const root = join(held.use(await tempDir('reload-mirror')).path, name);
    await mkdir(root);
    const mirror: StaticMirror = held.use(await startStaticMirror(root));
    return { name, url: mirror.url, sameoperator: true, write: { directory: root } };
  }

  /** The mirrors that a node sends clients to for some blobs, each client for the first time. */
  const targetsOf = async (api: TestRegistry, blobs: readonly Descriptor[]) => {
    const targets = new Set<string>();
    for (const blob of blobs) {
      const location = await pullStrictly(api.url, 'app', blob);
      if (location !== undefined) targets.add(new URL(location).origin);
    }
    return [...targets];
  };

  it('are added, changed and removed in one process, from none to none', async () => {
    const [near, far] = [await makeMirror('near'), await makeMirror('far')];
    const registry = held.use(await startRegistry());
    const { layers } = await releaseImage({ node: registry, release: registry }, '1', layerSizes(12));
    const without = await reconfigure(registry, (file) => Object.assign(file, { mirrors: [near] }), [
      'mirrors',
    ]);
    await awaitComplete(registry.url, ['near'], WAIT_MS);
    await eventually(
      'clients are sent there',
      async () => (await targetsOf(registry, layers)).join() === near.url,
      WAIT_MS,
      500,
    );
    const metrics = async () => (await send(registry.debugUrl, '/metrics')).body.toString();
    expect(await metrics()).to.include('roadstead_mirror_up{mirror="near"} 1');
    // A second one: the first one gets its clients again within seconds.
    await reconfigure(registry, ({ mirrors }) => mirrors.push(far), ['mirrors']);
    await awaitComplete(registry.url, ['near', 'far'], WAIT_MS);
    await eventually(
      'clients are sent to both',
      async () => (await targetsOf(registry, layers)).length === 2,
      WAIT_MS,
      500,
    );
    // The first one goes.
    await reconfigure(registry, ({ mirrors }) => mirrors.shift(), ['mirrors']);
    const sent = await targetsOf(registry, layers);
    expect(sent).not.to.include(near.url);
    expect(await metrics()).not.to.include('roadstead_mirror_up{mirror="near"}');
    expect((await mirrorViews(registry.url)).map(({ name }) => name)).to.deep.equal(['far']);
    await without();
    expect(await targetsOf(registry, layers)).to.deep.equal([]);
  });

  it('are taken over by processes of their own, one after the other', async () => {
    const [near, far] = [await makeMirror('near'), await makeMirror('far')];
    const parts = held.use(await startParts({ mirrors: [near] }));
    const { api, release } = parts;
    const sync = await parts.startSync();
    const { layers } = await releaseImage({ node: api, release }, '1', layerSizes(12));
    await awaitComplete(release.url, ['near'], WAIT_MS);
    for (const part of [sync, release, api])
      await reconfigure(part, ({ mirrors }) => mirrors.push(far), ['mirrors']);
    await awaitComplete(release.url, ['near', 'far'], WAIT_MS);
    await eventually(
      'clients are sent to both',
      async () => (await targetsOf(api, layers)).length === 2,
      WAIT_MS,
      500,
    );
    for (const part of [api, release, sync])
      await reconfigure(part, ({ mirrors }) => mirrors.shift(), ['mirrors']);
    expect(await targetsOf(api, layers)).not.to.include(near.url);
  });

  it('stay watched by the same work if nothing that it reads has changed', async () => {
    const near = await makeMirror('near');
    const registry = held.use(await startRegistry({ mirrors: [near] }));
    const { layers } = await releaseImage({ node: registry, release: registry }, '1', layerSizes(12));
    await awaitComplete(registry.url, ['near'], WAIT_MS);
    const areSent = async () => (await targetsOf(registry, layers)).join() === near.url;
    await eventually('clients are sent there', areSent, WAIT_MS, 500);
    const [before] = await mirrorViews(registry.url);
    for (let i = 1; i <= 5; i++) {
      await reconfigure(registry, (file) => Object.assign(file, { tags: { maxtags: i } }), ['tags.maxtags']);
      expect(await areSent(), `after ${i} reloads`).to.equal(true);
    }
    expect((await mirrorViews(registry.url))[0]?.since).to.equal(before?.since);
  });
});
