/**
 * Promise: no credential of a client ever reaches a mirror. Each generation of clients that there is here logs in, pulls
 * an image that takes a login, and is sent to a mirror for its layers; the mirrors write down what they are sent.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { isOfClient } from '../clients/mirrored.ts';
import { pullClients } from '../support/clients/all.ts';
import { AuthFile } from '../support/clients/pull-client.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { skipSuite } from '../support/go-programs.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { type NginxMirror, SHIPPED_MIRROR, startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import type { TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { openTrixie, type Trixie, UNPACK_TIMEOUT_MS } from '../support/trixie.ts';
import { PASSWORD, startTokenRegistry } from '../token/registry.ts';

const LOGIN = { username: 'user2', password: `user2${PASSWORD}` };
/** What could be a credential in a request, at the end of each line of the mirror's log. */
const SENT =
  '"$http_authorization" "$http_cookie" "$http_proxy_authorization" "$http_www_authenticate" "$args"';
const NOTHING_SENT = / "-" "-" "-" "-" "-"$/;

requires(['skopeo', 'nginx', 'curl'])('a mirror', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let home: string;
  let layout: ImageLayout;
  let mirror: NginxMirror;
  let registry: TestRegistry;
  let image: string;

  before(async () => {
    home = held.use(await tempDir('credentials')).path;
    layout = await makeImageLayout(join(home, 'image'), { layerSizesMib: [1, 3] });
    const template = (await readFile(SHIPPED_MIRROR, 'utf8')).replace(
      '"$http_user_agent"',
      `"$http_user_agent" ${SENT}`,
    );
    expect(template).to.include(SENT);
    await writeFile(join(home, 'nginx.conf'), template);
    const [port, mirrorPort] = [await freePort(), await freePort()];
    mirror = held.use(
      await startNginxMirror({
        configTemplate: join(home, 'nginx.conf'),
        root: join(home, 'mirror'),
        originUrl: `http://127.0.0.1:${port}`,
        port: mirrorPort,
      }),
    );
    const members = { allow: ['pull'], subjects: ['authenticated'], repositories: ['@stable'] };
    const running = await startTokenRegistry({
      port,
      // Another host than the registry's: as the configuration asks of a mirror that somebody else runs.
      mirrors: [{ name: 'near', url: `http://localhost:${mirrorPort}`, write: { webdav: mirror.davUrl } }],
      more: {
        access: {
          groups: { builders: ['user:builder'], releasers: ['user:releaser'] },
          rules: [
            { name: 'members', ...members },
            {
              name: 'build',
              allow: ['pull', 'push'],
              subjects: ['group:builders'],
              repositories: ['@candidates'],
            },
            {
              name: 'release',
              allow: ['pull', 'promote'],
              subjects: ['group:releasers'],
              repositories: ['**'],
            },
            { name: 'look', allow: ['view'], subjects: ['group:releasers'], repositories: ['**'] },
          ],
        },
      },
    });
    held.use(running);
    registry = running.registry;
    await using skopeo = await Skopeo.open();
    await skopeo.login(registry.host, { username: 'builder', password: `builder${PASSWORD}` });
    await skopeo.copyAll(layout.directory, 'multi', `${registry.host}/candidate/app:1`);
    const releaser = await AuthFile.create(join(home, 'releaser.json'));
    await releaser.set(registry.host, { username: 'releaser', password: `releaser${PASSWORD}` });
    await registry.cli(['promote', 'candidate/app:1', 'stable/app:1', '--wait-mirrors', '1'], {
      env: { REGISTRY_AUTH_FILE: releaser.path },
    });
    image = `${registry.host}/stable/app:1`;
  });
  after(() => held.disposeAsync());

  /** Has a client pull, and holds that it did so by its login, from the mirror, and told that nothing. */
  async function expectNoCredentials(pull: () => Promise<unknown>): Promise<void> {
    await mirror.clearLog();
    const before = registry.log().length;
    await pull();
    const lines = (await mirror.accessLog()).filter(isOfClient);
    expect(lines.filter((line) => /\/data 20[06] /.test(line))).to.have.length.above(1);
    expect(lines.filter((line) => !NOTHING_SENT.test(line))).to.deep.equal([]);
    let sent: readonly Record<string, unknown>[] = [];
    await eventually('the registry tells whom it has sent there', () => {
      sent = registry
        .log()
        .slice(before)
        .filter((line) => line['decision'] === 'near');
      return sent.length > 1;
    });
    expect(new Set(sent.map((line) => line['user']))).to.deep.equal(new Set([LOGIN.username]));
  }

  it('would write down what it is sent, and the registry lets nobody have the image without a login', async () => {
    await mirror.clearLog();
    await fetch(`${mirror.url}/anything`, { headers: { authorization: 'Negotiate abc', cookie: 'a=b' } });
    const [line = ''] = (await mirror.accessLog()).filter((each) => each.includes('/anything'));
    expect(line).to.match(/ "Negotiate abc" "a=b" "-" "-" "-"$/);
    expect((await fetch(`${registry.url}/v2/stable/app/manifests/1`)).status).to.equal(401);
  });

  for (const kind of pullClients)
    requires(kind.programs)(`gets no credentials from ${kind.name} of Debian 12`, () => {
      it('that has logged in', async () => {
        await using client = await kind.open();
        await client.login(registry.host, LOGIN);
        await expectNoCredentials(() => client.pull(image));
      });
    });

  it('gets no credentials from curl that follows a redirect with a token', async () => {
    const layer = layout.layers.amd64[1]?.digest ?? '';
    await mirror.clearLog();
    const basic = `${LOGIN.username}:${LOGIN.password}`;
    const scope = 'repository:stable/app:pull';
    const { stdout } = await run('curl', ['-sS', '-u', basic, `${registry.url}/auth/token?scope=${scope}`]);
    const { token } = JSON.parse(stdout) as { token: string };
    const header = `Authorization: Bearer ${token}`;
    const url = `${registry.url}/v2/stable/app/blobs/${layer}`;
    await run('curl', ['-sS', '--fail', '-L', '-H', header, '-o', '/dev/null', url]);
    const lines = (await mirror.accessLog()).filter(isOfClient);
    expect(lines).to.have.length.above(0);
    // curl keeps a header that was given in so many words from other hosts since 7.58.
    expect(lines.filter((line) => !NOTHING_SENT.test(line))).to.deep.equal([]);
  });

  describe('gets no credentials from clients of Debian 13', () => {
    let trixie: Trixie;
    let auth: AuthFile;
    before(async function () {
      this.timeout(UNPACK_TIMEOUT_MS + 30_000);
      const opened = await openTrixie();
      if ('reason' in opened) return skipSuite(this, opened.reason);
      trixie = opened;
      auth = await AuthFile.create(join(home, 'config.json'));
      await auth.set(registry.host, LOGIN);
      await writeFile(at('policy.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
      await writeFile(at('registries.conf'), 'unqualified-search-registries = []\n');
      await writeFile(
        at('containers.conf'),
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
      );
      await writeFile(at('daemon.json'), '{}');
    });
    const at = (name: string) => join(home, name);
    const inside = async (program: string, ...args: string[]) => {
      const env = {
        ...{ HOME: home, TMPDIR: home, DOCKER_CONFIG: home, REGISTRY_AUTH_FILE: auth.path },
        ...{ CONTAINERS_REGISTRIES_CONF: at('registries.conf'), CONTAINERS_CONF: at('containers.conf') },
        ...{ DOCKER_HOST: `unix://${at('docker.sock')}`, CONTAINERD_ADDRESS: at('containerd.sock') },
      };
      return (await trixie.run(program, args, { env, cwd: home, timeoutMs: 90_000 })).stdout;
    };

    it('skopeo', () =>
      expectNoCredentials(() =>
        inside(
          ...(['skopeo', '--policy', at('policy.json'), '--tmpdir', home, 'copy'] as const),
          ...['--src-tls-verify=false', `docker://${image}`, `dir:${at('copied')}`],
        ),
      ));

    it('podman', () => {
      const store = [
        '--root',
        at('podman/root'),
        '--runroot',
        at('podman/run'),
        '--tmpdir',
        at('podman/tmp'),
      ];
      const options = ['--tls-verify=false', '--signature-policy', at('policy.json')];
      return expectNoCredentials(() =>
        inside('podman', ...store, '--storage-driver', 'vfs', 'pull', '--quiet', ...options, image),
      );
    });

    it('oras', () =>
      expectNoCredentials(() =>
        inside(
          ...(['oras', 'cp', '--no-tty', '--from-plain-http', '--from-registry-config', auth.path] as const),
          ...['--to-oci-layout', '--platform', 'linux/amd64', image, `${at('oras')}:1`],
        ),
      ));

    it('docker', async () => {
      const options = [
        ...['--host', `unix://${at('docker.sock')}`, '--pidfile', at('dockerd.pid')],
        ...['--data-root', at('docker/data'), '--exec-root', at('docker/exec')],
        ...['--config-file', at('daemon.json'), '--storage-driver', 'vfs', '--bridge', 'none'],
        ...['--iptables=false', '--ip6tables=false'],
      ];
      await using _daemon = await trixie.start('dockerd', options, {
        ...{ env: { HOME: home }, cwd: home, timeoutMs: 60_000 },
        ready: async () => (await inside('docker', 'version')).includes('Server'),
      });
      await expectNoCredentials(() => inside('docker', 'pull', '--quiet', image));
    });

    it('containerd', async () => {
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
        ...{ env: { HOME: home }, cwd: home, timeoutMs: 60_000 },
        ready: async () => (await inside('ctr', 'version')).includes('Server'),
      });
      const user = `${LOGIN.username}:${LOGIN.password}`;
      const options = ['--plain-http', '--snapshotter', 'native', '--user', user];
      await expectNoCredentials(() => inside('ctr', 'images', 'pull', ...options, image));
    });
  });
});
