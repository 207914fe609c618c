import { join } from 'node:path';
import { expect } from 'chai';
import { Docker } from '../support/clients/docker.ts';
import { Podman } from '../support/clients/podman.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import type { RunResult } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

/** Promise: docker and podman push candidates, each in its own way; stable repositories refuse them and say what to do. */
const CLIENTS = [
  { name: 'docker', programs: ['docker', 'dockerd'], open: () => Docker.open(), options: [] },
  { name: 'podman', programs: ['podman'], open: () => Podman.open(), options: ['--tls-verify=false'] },
] as const;

requires(['skopeo'])('A push', () => {
  let registry: TestRegistry;
  const held = new AsyncDisposableStack();
  before(async function () {
    this.timeout(60_000);
    registry = held.use(await startRegistry());
    const home = held.use(await tempDir('pushes'));
    const layout = await makeImageLayout(join(home.path, 'image'), { layerSizesMib: [1, 3] });
    await using skopeo = await Skopeo.open();
    await skopeo.copyAll(layout.directory, 'amd64', `${registry.host}/candidate/base:1`);
  });
  after(() => held.disposeAsync());

  for (const kind of CLIENTS)
    requires(kind.programs)(`by ${kind.name}`, () => {
      let client: Awaited<ReturnType<typeof kind.open>>;
      before(async function () {
        this.timeout(60_000);
        client = await kind.open();
        await client.pull(`${registry.host}/candidate/base:1`);
      });
      after(() => client[Symbol.asyncDispose]());

      const push = async (name: string): Promise<RunResult> => {
        await client.run('tag', `${registry.host}/candidate/base:1`, `${registry.host}/${name}`);
        return client.run('push', ...kind.options, `${registry.host}/${name}`);
      };

      it('to a candidate repository is taken, and comes back by tag', async function () {
        this.timeout(60_000);
        await push(`candidate/by-${kind.name}:1`);
        const answer = await fetch(`${registry.url}/v2/candidate/by-${kind.name}/manifests/1`);
        expect(answer.status).to.equal(200);
        const manifest = (await answer.json()) as { layers: { digest: string }[] };
        for (const { digest } of manifest.layers) {
          const blob = await fetch(`${registry.url}/v2/candidate/by-${kind.name}/blobs/${digest}`, {
            method: 'HEAD',
          });
          expect(blob.status).to.equal(200);
        }
      });

      it('to a stable repository is refused with the command that promotes', async function () {
        this.timeout(120_000);
        const failure = await push(`by-${kind.name}:1`).then(
          () => 'it was taken',
          (error: Error) => error.message,
        );
        expect(failure).to.include(`roadstead promote candidate/by-${kind.name}:TAG by-${kind.name}:TAG`);
      });
    });
});
