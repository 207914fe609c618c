/**
 * Promise: the clients of Debian 13 push, pull, copy, list, attach and delete here. They are two years newer than those
 * of Debian 12, with which the other suites run, and differ: they speak of referrers, and resume what breaks off.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { skipSuite } from '../support/go-programs.ts';
import { type ImageLayout, type LayoutTag, makeImageLayout } from '../support/image-layout.ts';
import { layoutBlobPath } from '../support/layout-writer.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { openTrixie, type Trixie, UNPACK_TIMEOUT_MS } from '../support/trixie.ts';

const EVERYTHING = JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] });

describe('clients of Debian 13', () => {
  const held = new AsyncDisposableStack();
  let trixie: Trixie;
  let registry: TestRegistry;
  let layout: ImageLayout;
  let home: string;

  before(async function () {
    this.timeout(UNPACK_TIMEOUT_MS + 30_000);
    const opened = await openTrixie();
    if ('reason' in opened) return skipSuite(this, opened.reason);
    trixie = opened;
    home = held.use(await tempDir('trixie')).path;
    layout = await makeImageLayout(join(home, 'image'), { layerSizesMib: [1, 6] });
    registry = held.use(await startRegistry({ promotion: false, delete: true }));
    await writeFile(join(home, 'policy.json'), EVERYTHING);
    await writeFile(join(home, 'registries.conf'), 'unqualified-search-registries = []\n');
    await writeFile(
      join(home, 'containers.conf'),
      '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
    );
    await writeFile(join(home, 'auth.json'), '{}');
  });
  after(() => held.disposeAsync());

  const at = (name: string) => join(home, name);
  /** Runs a program there with settings of its own, and answers with what it prints. */
  const inside = async (program: string, ...args: string[]): Promise<string> => {
    const env = {
      HOME: home,
      TMPDIR: home,
      DOCKER_CONFIG: home,
      REGISTRY_AUTH_FILE: at('auth.json'),
      CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
      CONTAINERS_CONF: at('containers.conf'),
      DOCKER_HOST: `unix://${at('docker.sock')}`,
      CONTAINERD_ADDRESS: at('containerd.sock'),
    };
    return (await trixie.run(program, args, { env, cwd: home })).stdout.trim();
  };
  const digestOf = async (name: string, reference: string): Promise<string | null> => {
    const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
    const url = `${registry.url}/v2/${name}/manifests/${reference}`;
    const answer = await fetch(url, { method: 'HEAD', headers: { accept } });
    return answer.status === 200 ? answer.headers.get('docker-content-digest') : null;
  };
  const skopeo = (...args: string[]) =>
    inside('skopeo', '--policy', at('policy.json'), '--tmpdir', home, ...args);
  const push = (tag: LayoutTag, reference: string) =>
    skopeo(
      ...['copy', '--all', '--preserve-digests', '--dest-tls-verify=false'],
      ...[`oci:${layout.directory}:${tag}`, `docker://${registry.host}/${reference}`],
    );
  const lines = (output: string) => output.split('\n').filter((line) => line !== '');

  describe('skopeo 1.18', () => {
    it('copies an index in, from repository to repository, and out, byte for byte', async () => {
      await push('multi', 'skopeo/in:1');
      expect(await digestOf('skopeo/in', '1')).to.equal(layout.digests.multi);
      await skopeo(
        ...['copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false'],
        ...[`docker://${registry.host}/skopeo/in:1`, `docker://${registry.host}/skopeo/copy:1`],
      );
      expect(await digestOf('skopeo/copy', '1')).to.equal(layout.digests.multi);
      await skopeo(
        ...['copy', '--all', '--src-tls-verify=false'],
        ...[`docker://${registry.host}/skopeo/copy:1`, `oci:${at('out')}:1`],
      );
      for (const { digest } of [...layout.layers.amd64, ...layout.layers.arm64])
        expect(await readFile(layoutBlobPath(at('out'), digest))).to.deep.equal(
          await readFile(layoutBlobPath(layout.directory, digest)),
        );
    });

    it('inspects an image, lists tags, and deletes', async () => {
      await push('amd64', 'skopeo/tags:1');
      await push('arm64', 'skopeo/tags:2');
      const image = `docker://${registry.host}/skopeo/tags:1`;
      const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', image)) as {
        Digest: string;
        RepoTags: string[];
      };
      expect(inspected.Digest).to.equal(layout.digests.amd64);
      expect(inspected.RepoTags).to.deep.equal(['1', '2']);
      await skopeo('delete', '--tls-verify=false', image);
      const listed = await skopeo('list-tags', '--tls-verify=false', `docker://${registry.host}/skopeo/tags`);
      expect(JSON.parse(listed)).to.have.property('Tags').that.deep.equals(['2']);
      expect(await digestOf('skopeo/tags', layout.digests.amd64)).to.equal(null);
    });
  });

  describe('oras 1.2', () => {
    const oras = (...args: string[]) => inside('oras', ...args, '--no-tty');
    const plain = '--plain-http';
    const repository = () => `${registry.host}/oras/artifact`;
    let artifact: string;
    let attached: string;
    const type = 'application/vnd.example.file';
    const large = newBytes(5_000_000);
    before(async () => {
      await writeFile(at('large'), large);
      await writeFile(at('small'), newBytes(10));
    });

    it('pushes an artifact of files, and pulls it', async () => {
      const options = ['--artifact-type', 'application/vnd.example'];
      await oras('push', plain, ...options, `${repository()}:1`, `large:${type}`, `small:${type}`);
      artifact = (await digestOf('oras/artifact', '1')) ?? '';
      expect(artifact).to.match(/^sha256:/);
      await oras('pull', plain, '--output', 'pulled', `${repository()}:1`);
      expect(large.equals(await readFile(at('pulled/large')))).to.equal(true);
    });

    it('attaches to it, and finds what is attached by the referrers API', async () => {
      const options = ['--artifact-type', 'application/vnd.example.sbom'];
      await oras('attach', plain, ...options, `${repository()}:1`, `small:${type}`);
      const discover = async (...filter: string[]) => {
        const line = ['discover', plain, '--distribution-spec', 'v1.1-referrers-api', '--format', 'json'];
        return JSON.parse(await inside('oras', ...line, ...filter, `${repository()}:1`)) as {
          manifests: { digest: string }[];
        };
      };
      const { manifests } = await discover();
      expect(manifests).to.have.length(1);
      attached = manifests[0]?.digest ?? '';
      expect((await discover('--artifact-type', 'application/vnd.other')).manifests).to.deep.equal([]);
      // No fallback tag: it has seen that the registry lists referrers itself.
      expect(lines(await inside('oras', 'repo', 'tags', plain, repository()))).to.deep.equal(['1']);
    });

    it('tags it, copies it with what is attached, and deletes it', async () => {
      await inside('oras', 'tag', plain, `${repository()}:1`, '2', '3');
      expect(lines(await inside('oras', 'repo', 'tags', plain, repository()))).to.deep.equal(['1', '2', '3']);
      const copies = `${registry.host}/oras/copies:1`;
      await oras('cp', '--recursive', '--from-plain-http', '--to-plain-http', `${repository()}:1`, copies);
      expect(await digestOf('oras/copies', '1')).to.equal(artifact);
      expect(await digestOf('oras/copies', attached)).to.equal(attached);
      await inside('oras', 'manifest', 'delete', plain, '--force', `${repository()}@${artifact}`);
      expect(await digestOf('oras/artifact', '2')).to.equal(null);
      expect(lines(await inside('oras', 'repo', 'ls', plain, registry.host))).to.include('oras/copies');
    });
  });

  it('podman 5.4 pulls an image, and pushes it', async function () {
    this.timeout(60_000);
    await push('amd64', 'podman/in:1');
    const store = ['--root', at('podman/root'), '--runroot', at('podman/run'), '--tmpdir', at('podman/tmp')];
    const podman = (...args: string[]) => inside('podman', ...store, '--storage-driver', 'vfs', ...args);
    const options = ['--tls-verify=false', '--signature-policy', at('policy.json')];
    await podman('pull', '--quiet', ...options, `${registry.host}/podman/in:1`);
    await podman('tag', `${registry.host}/podman/in:1`, `${registry.host}/podman/out:1`);
    await podman('push', '--quiet', '--tls-verify=false', `${registry.host}/podman/out:1`);
    expect(await digestOf('podman/out', '1')).to.match(/^sha256:/);
    await podman('rmi', '--all', '--force');
    await podman('pull', '--quiet', ...options, `${registry.host}/podman/out:1`);
  });

  it('containerd 1.7 pulls an index with all its platforms, and pushes it as it is', async function () {
    this.timeout(60_000);
    await push('multi', 'containerd/in:1');
    const toml = [
      'version = 2',
      `root = "${at('containerd/root')}"`,
      `state = "${at('containerd/state')}"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${at('containerd.sock')}"`,
      `[ttrpc]\naddress = "${at('containerd.sock.ttrpc')}"`,
    ];
    await writeFile(at('containerd.toml'), toml.join('\n'));
    await using _daemon = await trixie.start('containerd', ['--config', at('containerd.toml')], {
      env: { HOME: home },
      cwd: home,
      ready: async () => (await inside('ctr', 'version')).includes('Server'),
    });
    const options = ['--plain-http', '--snapshotter', 'native', '--all-platforms'];
    await inside('ctr', 'images', 'pull', ...options, `${registry.host}/containerd/in:1`);
    const [from, to] = [`${registry.host}/containerd/in:1`, `${registry.host}/containerd/out:1`];
    await inside('ctr', 'images', 'push', '--plain-http', to, from);
    expect(await digestOf('containerd/out', '1')).to.equal(layout.digests.multi);
  });

  it('docker 26 pulls an image, and pushes it', async function () {
    this.timeout(60_000);
    await push('amd64', 'docker/in:1');
    await writeFile(at('daemon.json'), '{}');
    const options = [
      ...['--host', `unix://${at('docker.sock')}`, '--pidfile', at('dockerd.pid')],
      ...[
        '--data-root',
        at('docker/data'),
        '--exec-root',
        at('docker/exec'),
        '--config-file',
        at('daemon.json'),
      ],
      ...['--storage-driver', 'vfs', '--bridge', 'none', '--iptables=false', '--ip6tables=false'],
    ];
    await using _daemon = await trixie.start('dockerd', options, {
      env: { HOME: home },
      cwd: home,
      timeoutMs: 30_000,
      ready: async () => (await inside('docker', 'version')).includes('Server'),
    });
    await inside('docker', 'pull', '--quiet', `${registry.host}/docker/in:1`);
    await inside('docker', 'tag', `${registry.host}/docker/in:1`, `${registry.host}/docker/out:1`);
    await inside('docker', 'push', '--quiet', `${registry.host}/docker/out:1`);
    await inside('docker', 'image', 'prune', '--all', '--force');
    await inside('docker', 'pull', '--quiet', `${registry.host}/docker/out:1`);
  });
});
