/**
 * Promise: crane, and with it every program that is made of go-containerregistry (cosign, ko, kaniko), pushes, pulls,
 * copies, changes, lists and deletes here.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { BUILD_TIMEOUT_MS, buildGoProgram, CRANE, skipSuite } from '../support/go-programs.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { layoutBlobPath } from '../support/layout-writer.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { askForManifest, pullAll, tagged } from './pulling.ts';

describe('crane', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  let crane: (...args: string[]) => Promise<string>;
  let layout: ImageLayout;
  let registry: TestRegistry;

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS + 30_000);
    const built = await buildGoProgram(CRANE);
    if ('reason' in built) return skipSuite(this, built.reason);
    home = held.use(await tempDir('crane')).path;
    layout = await makeImageLayout(join(home, 'image'), { layerSizesMib: [1, 12] });
    registry = held.use(await startRegistry({ promotion: false, delete: true }));
    const env = { HOME: home, DOCKER_CONFIG: home };
    crane = async (...args) => (await run(built.program, args, { env, cwd: home })).stdout.trim();
    await crane('push', '--index', layout.directory, `${registry.host}/all:1`);
  });
  after(() => held.disposeAsync());

  it('pushes a layout of several manifests as an index, and validates it', async () => {
    const digest = await tagged(registry.url, 'all', '1');
    expect(await crane('digest', `${registry.host}/all:1`)).to.equal(digest);
    // The index of the layout lists an artifact that is no image; the two images must hold.
    for (const platform of ['amd64', 'arm64'] as const)
      await crane('validate', '--remote', `${registry.host}/all@${layout.digests[platform]}`);
    await pullAll(registry.url, 'all', layout.digests.multi);
  });

  it('copies and tags without changing a byte, mounting across repositories', async () => {
    await crane('copy', `${registry.host}/all@${layout.digests.multi}`, `${registry.host}/nested/copy:1`);
    expect(await tagged(registry.url, 'nested/copy', '1')).to.equal(layout.digests.multi);
    await pullAll(registry.url, 'nested/copy', '1');
    await crane('tag', `${registry.host}/nested/copy:1`, 'again');
    expect(await crane('ls', `${registry.host}/nested/copy`)).to.equal('1\nagain');
    expect((await crane('catalog', registry.host)).split('\n')).to.include.members(['all', 'nested/copy']);
  });

  it('pulls a layout, byte for byte', async () => {
    const out = join(home, 'out');
    await crane('pull', '--format', 'oci', `${registry.host}/all@${layout.digests.amd64}`, out);
    for (const { digest } of [layout.configs.amd64, ...layout.layers.amd64])
      expect(await readFile(layoutBlobPath(out, digest))).to.deep.equal(
        await readFile(layoutBlobPath(layout.directory, digest)),
      );
  });

  it('changes an image where it is', async () => {
    await crane('copy', `${registry.host}/all@${layout.digests.arm64}`, `${registry.host}/changed:1`);
    await crane(
      'mutate',
      `${registry.host}/changed:1`,
      '--label',
      'a=b',
      '--tag',
      `${registry.host}/changed:2`,
    );
    const config = JSON.parse(await crane('config', `${registry.host}/changed:2`)) as {
      config: { Labels: Record<string, string> };
    };
    expect(config.config.Labels).to.deep.equal({ a: 'b' });
    expect(await tagged(registry.url, 'changed', '1')).to.equal(layout.digests.arm64);
    await pullAll(registry.url, 'changed', '2');
  });

  it('deletes a manifest by its digest, with its tags', async () => {
    await crane('copy', `${registry.host}/all@${layout.digests.amd64}`, `${registry.host}/deleted:1`);
    await crane('delete', `${registry.host}/deleted@${layout.digests.amd64}`);
    for (const reference of ['1', layout.digests.amd64])
      expect((await askForManifest(registry.url, 'deleted', reference)).status).to.equal(404);
  });
});
