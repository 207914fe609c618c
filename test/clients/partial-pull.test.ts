/**
 * Promise: podman's partial pulls of zstd:chunked images cost no more bytes here than at docker-registry: it fetches the
 * files that it lacks, in one request for many ranges. Counted on the wire, over one bucket.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { startCountingProxy } from '../support/counting-proxy.ts';
import { startDistribution } from '../support/distribution.ts';
import { skipSuite } from '../support/go-programs.ts';
import { Image } from '../support/image.ts';
import { LayoutWriter } from '../support/layout-writer.ts';
import { configOf } from '../support/platforms.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { makeTar } from '../support/tar.ts';
import { tempDir } from '../support/temp.ts';
import { openTrixie, type Trixie, UNPACK_TIMEOUT_MS } from '../support/trixie.ts';

const FILES = 300;
const FILE_BYTES = 20_000;
const CHANGED_FILES = 10;
const MOST_OF_DISTRIBUTION = 1.05;
const EVERYTHING = JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] });
/**
 * Partial pulls are for the overlay driver alone. All of it is in a file: podman forgets the options when its own flags
 * say where images are.
 */
const storageOf = (directory: string) =>
  [
    `[storage]\ndriver = "overlay"\ngraphroot = "${directory}/root"\nrunroot = "${directory}/run"\n`,
    '[storage.options]\npull_options = {enable_partial_images = "true", use_hard_links = "false", ostree_repos = ""}\n',
  ].join('');

/** Two versions of an image of one layer, in an OCI layout; the second one differs in a few files. */
async function makeVersions(directory: string): Promise<void> {
  const writer = await LayoutWriter.create(directory);
  const files = Array.from({ length: FILES }, (_, i) => ({
    name: `data/file-${i}`,
    content: randomBytes(FILE_BYTES),
  }));
  const versions: Record<string, Image> = {};
  for (const version of ['1', '2']) {
    if (version === '2')
      for (let i = 0; i < CHANGED_FILES; i++)
        Object.assign(files[i * 29] ?? {}, { content: randomBytes(FILE_BYTES) });
    const layer = await writer.layer(makeTar([{ name: 'data/' }, ...files]), 0);
    const config = await writer.blob(configOf('amd64', [layer.diffId]));
    versions[version] = await writer.manifest(new Image({ config, layers: [layer.descriptor] }));
  }
  await writer.finish(versions);
}

requires(['docker-registry'])('a partial pull by podman 5.4', () => {
  const held = new AsyncDisposableStack();
  let trixie: Trixie;
  let home: string;
  before(async function () {
    this.timeout(UNPACK_TIMEOUT_MS + 30_000);
    const opened = await openTrixie();
    if ('reason' in opened) return skipSuite(this, opened.reason);
    trixie = opened;
    home = held.use(await tempDir('partial')).path;
    await writeFile(at('policy.json'), EVERYTHING);
    await writeFile(at('registries.conf'), 'unqualified-search-registries = []\n');
    await writeFile(at('containers.conf'), '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n');
    await writeFile(at('auth.json'), '{}');
    await makeVersions(at('image'));
  });
  after(() => held.disposeAsync());

  const at = (...parts: string[]) => join(home, ...parts);
  /** Runs a program there, with image storage of this name. */
  const inside = async (storage: string, program: string, ...args: string[]): Promise<void> => {
    await mkdir(at(storage), { recursive: true });
    await writeFile(at(storage, 'storage.conf'), storageOf(at(storage)));
    const env = {
      ...{ HOME: home, TMPDIR: home, REGISTRY_AUTH_FILE: at('auth.json') },
      CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
      CONTAINERS_STORAGE_CONF: at(storage, 'storage.conf'),
      CONTAINERS_CONF: at('containers.conf'),
    };
    await trixie.run(program, args, { env, cwd: home });
  };

  const push = (version: string, host: string) =>
    inside(
      ...(['skopeo', 'skopeo', '--policy', at('policy.json'), '--tmpdir', home, 'copy'] as const),
      ...['--dest-tls-verify=false', '--dest-compress-format', 'zstd:chunked'],
      ...[`oci:${at('image')}:${version}`, `docker://${host}/partial/image:${version}`],
    );

  /** What pulls of both versions, one after the other, take from a server, in bytes, by a podman that has nothing. */
  const pull = async (storage: string, serverUrl: string): Promise<{ first: number; update: number }> => {
    await using proxy = await startCountingProxy(Number(new URL(serverUrl).port));
    const pullVersion = async (version: string) => {
      const before = proxy.sentBytes;
      const options = ['--quiet', '--tls-verify=false', '--signature-policy', at('policy.json')];
      await inside(storage, 'podman', 'pull', ...options, `${proxy.host}/partial/image:${version}`);
      return proxy.sentBytes - before;
    };
    return { first: await pullVersion('1'), update: await pullVersion('2') };
  };

  it('takes what differs, and no more than from docker-registry', async function () {
    this.timeout(60_000);
    await using registry = await startRegistry({ promotion: false });
    await using distribution = await startDistribution('docker-registry', registry.rootDirectory);
    for (const version of ['1', '2']) await push(version, registry.host);
    const [here, there] = await Promise.all([pull('here', registry.url), pull('there', distribution.url)]);
    expect(there.update).to.be.below(2 * CHANGED_FILES * FILE_BYTES);
    expect(here.update).to.be.below(there.update * MOST_OF_DISTRIBUTION);
    expect(here.first).to.be.below(there.first * MOST_OF_DISTRIBUTION);
  });
});
