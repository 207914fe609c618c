/** Promise: BuildKit keeps its cache here as it does by default, and finds it again, in candidates and promoted. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { check, faults } from '../check/stores.ts';
import { CACHE_CONFIG } from '../protocol/build-cache.ts';
import { jsonOf, send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { BUILDCTL, BUILDKITD, buildGoProgram, skipSuite } from '../support/go-programs.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { run, startDaemon } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { nightly, requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const DOCKERFILE = `FROM scratch AS one
COPY a /a
FROM scratch
COPY --from=one /a /x
COPY b /b
`;

// Go takes minutes to build it.
nightly(requires(['runc']))("BuildKit's registry cache", function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let home: string;
  let registry: TestRegistry;
  let buildctl: (...args: string[]) => Promise<string>;

  before(async function () {
    this.timeout(BUILDKITD.buildTimeoutMs + 60_000);
    const [server, client] = [await buildGoProgram(BUILDKITD), await buildGoProgram(BUILDCTL)];
    if ('reason' in server) return skipSuite(this, server.reason);
    if ('reason' in client) return skipSuite(this, client.reason);
    home = held.use(await tempDir('buildkit')).path;
    registry = held.use(await startRegistry());
    await mkdir(join(home, 'context'));
    await writeFile(join(home, 'context', 'Dockerfile'), DOCKERFILE);
    for (const [name, sizeBytes] of [
      ['a', 100_000],
      ['b', 1000],
    ] as const)
      await writeFile(join(home, 'context', name), newBytes(sizeBytes));
    const address = `unix://${join(home, 'buildkitd.sock')}`;
    const settings = [
      `root = ${JSON.stringify(join(home, 'root'))}`,
      `[grpc]\naddress = [${JSON.stringify(address)}]`,
      '[worker.oci]\nenabled = true\nsnapshotter = "native"',
      '[worker.containerd]\nenabled = false',
      `[registry."${registry.host}"]\nhttp = true`,
    ];
    await writeFile(join(home, 'buildkitd.toml'), settings.join('\n'));
    buildctl = async (...args) => {
      const { stdout, stderr } = await run(client.program, ['--addr', address, ...args]);
      return stdout + stderr;
    };
    const workers = () =>
      run(client.program, ['--addr', address, 'debug', 'workers'], { allowFailure: true });
    held.use(
      await startDaemon(server.program, ['--config', join(home, 'buildkitd.toml')], {
        timeoutMs: 30_000,
        ready: async () => (await workers()).code === 0,
      }),
    );
  });
  after(() => held.disposeAsync());

  /** Builds, and answers with what BuildKit says of it. */
  const build = (...caches: string[]) => {
    const context = join(home, 'context');
    return buildctl(
      ...['build', '--progress', 'plain', '--frontend', 'dockerfile.v0'],
      ...['--local', `context=${context}`, '--local', `dockerfile=${context}`],
      ...caches,
    );
  };
  const keptAt = (name: string) => ['--export-cache', `type=registry,ref=${registry.host}/${name},mode=max`];
  const foundAt = (name: string) => ['--import-cache', `type=registry,ref=${registry.host}/${name}`];

  it('is an index of layers, and is taken', async () => {
    await build(...keptAt('candidate/cache:1'));
    const headers = { accept: MEDIA_TYPES.index };
    const answer = await send(registry.url, '/v2/candidate/cache/manifests/1', { headers });
    expect(answer.headers['content-type']).to.equal(MEDIA_TYPES.index);
    const { manifests } = jsonOf(answer) as { manifests: { mediaType: string }[] };
    expect(manifests.map(({ mediaType }) => mediaType)).to.include.members([MEDIA_TYPES.layer, CACHE_CONFIG]);
    expect(faults(await check(registry.rootDirectory, { deep: true }))).to.deep.equal([]);
  });

  for (const name of ['candidate/cache:1', 'cache:1'])
    it(`is found again at ${name}`, async () => {
      if (name === 'cache:1')
        expect((await promote(registry.url, 'candidate/cache:1', name)).lines.at(-1)).to.deep.equal({
          ...{ event: 'done', outcome: 'promoted' },
        });
      await buildctl('prune', '--all');
      // What is cached is not done again; exporting it makes BuildKit fetch every layer.
      const told = await build(...foundAt(name), '--output', `type=oci,dest=${join(home, 'image.tar')}`);
      expect(told.match(/^#\d+ CACHED/gm)).to.have.lengthOf.at.least(2);
    });
});
