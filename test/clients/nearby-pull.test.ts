import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { pullClients } from '../support/clients/all.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import type { NginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { clientLines, pathOnMirror, redirectedLayers, startMirrors } from './mirrored.ts';

const SERVED_BLOB_LINE =
  /^GET \/docker\/registry\/v2\/blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})\/data 20[06] /;

/** Where a mirror should have which blob: path to digest. */
function wanted(blobs: readonly Descriptor[]): Record<string, string> {
  return Object.fromEntries(blobs.map(({ digest }) => [pathOnMirror(digest), digest]));
}

/** Every file below a mirror's root: path to the digest of its bytes. */
async function found(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name));
  const digests = files.map(async (path) => [relative(root, path), sha256(await readFile(path))] as const);
  return Object.fromEntries(await Promise.all(digests));
}

/**
 * Holds the promise that the registry exists for: a promoted image is pulled from near. Two mirrors, as volunteers
 * run them, get the published blobs and nothing else, and the real clients get every layer there and every manifest
 * from the registry; while a candidate leaves the registry only for those who ask it for one.
 */
requires(['skopeo', 'nginx'])('A nearby pull', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let layout: ImageLayout;
  let skopeo: Skopeo;
  let mirrors: readonly NginxMirror[];
  let registry: TestRegistry;

  before(async () => {
    const home = held.use(await tempDir('nearby')).path;
    layout = await makeImageLayout(join(home, 'image'), { layerSizesMib: [1, 3, 20] });
    skopeo = held.use(await Skopeo.open());
    const port = await freePort();
    const { mirrors: started, entries } = await startMirrors(held, ['north', 'south'], port);
    mirrors = started;
    registry = held.use(await startRegistry({ port, mirrors: entries }));
    await skopeo.copyAll(layout.directory, 'multi', `${registry.host}/candidate/hello:1`);
  });
  after(() => held.disposeAsync());

  const publications = async () => {
    const { stdout } = await registry.cli(['publications', '--json']);
    return JSON.parse(stdout) as { head: number };
  };
  const promote = async (...args: string[]) => (await registry.cli(['promote', ...args])).stdout;

  describe('before the promotion', () => {
    it('comes from the registry itself for a candidate', async () => {
      await skopeo.pull(`${registry.host}/candidate/hello:1`);
      const decisions = () => registry.log().filter((line) => line['method'] === 'GET' && line['decision']);
      const large = () => decisions().filter((line) => line['reason'] === 'unpublished');
      const wantedLayers = redirectedLayers(layout);
      // A line is logged when its answer has been sent, which the client does not wait for.
      await eventually('all is logged', () => large().length >= wantedLayers.length);
      expect(large().map((line) => line['digest'])).to.have.members(wantedLayers);
      for (const line of decisions()) expect(line).to.include({ decision: 'serve', status: 200 });
      expect(await clientLines(mirrors)).to.deep.equal([]);
    });

    it('cannot be forced by a push to a stable repository, whose refusal names the command to use', async () => {
      const push = skopeo.copyAll(layout.directory, 'multi', `${registry.host}/hello:2`);
      const error = await push.then(
        () => new Error('the push was accepted'),
        (reason: Error) => reason,
      );
      expect(error.message).to.include('roadstead promote candidate/hello:TAG hello:TAG');
    });

    it('is not changed by a dry run', async () => {
      const stdout = await promote('candidate/hello:1', 'hello:1', '--dry-run');
      expect(stdout).to.include('candidate/hello:1 can be promoted to hello:1; nothing was changed');
      expect((await publications()).head).to.equal(0);
      expect((await fetch(`${registry.url}/v2/hello/tags/list`)).status).to.equal(404);
      for (const { root } of mirrors) expect(await found(root)).to.deep.equal({});
    });
  });

  describe('after the promotion', () => {
    before(async () => {
      const stdout = await promote('candidate/hello:1', 'hello:1', '--wait-mirrors', '2');
      expect(stdout).to.include('2 of 2 mirrors hold entry 1 (north, south)');
      expect(stdout).to.include('promoted candidate/hello:1 to hello:1');
    });

    it('finds the blobs of every platform on both mirrors, byte for byte, and nothing else there', async () => {
      const configs = Object.values(layout.configs);
      const published = [...layout.layers.amd64, ...layout.layers.arm64, ...configs];
      for (const { root } of mirrors) expect(await found(root)).to.deep.equal(wanted(published));
    });

    for (const kind of pullClients)
      requires(kind.programs)(`by ${kind.name}`, () => {
        it('gets every layer from a mirror, without credentials, and no manifest', async () => {
          await using client = await kind.open();
          for (const mirror of mirrors) await mirror.clearLog();
          await client.pull(`${registry.host}/hello:1`);
          const lines = await clientLines(mirrors);
          for (const line of lines) expect(line).to.match(SERVED_BLOB_LINE);
          const digests = lines.map((line) => `sha256:${SERVED_BLOB_LINE.exec(line)?.[1]}`);
          expect(new Set(digests)).to.deep.equal(new Set(redirectedLayers(layout)));
        });
      });

    it('is not changed by promoting again, which says that there is nothing to do', async () => {
      const stdout = await promote('candidate/hello:1', 'hello:1', '--wait-mirrors', '2');
      expect(stdout).to.include('hello:1 is candidate/hello:1 already: nothing to do');
      expect((await publications()).head).to.equal(1);
    });

    it('works for an artifact with a subject, whose promotion is reported in lines of JSON', async () => {
      await skopeo.copyAll(layout.directory, 'sbom', `${registry.host}/candidate/hello:sbom`);
      const attachTo = ['--attach-to', layout.digests.amd64];
      const words = ['candidate/hello:sbom', 'hello:sbom', '--wait-mirrors', '2', '--json'];
      const stdout = await promote(...words, ...attachTo);
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const names = events.map((event) => event['event']).filter((name) => name !== 'waiting');
      expect(names).to.deep.equal(['planned', 'linked', 'published', 'tagged', 'done']);
      expect(events.at(0)).to.include({ digest: layout.digests.artifact, newBlobs: 2 });
      expect(events.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });

      const manifest = await skopeo.inspectRaw(`${registry.host}/hello:sbom`);
      expect(sha256(Buffer.from(manifest))).to.equal(layout.digests.artifact);
      for (const { root } of mirrors) expect(await found(root)).to.deep.equal(wanted(layout.blobs));
    });
  });
});
