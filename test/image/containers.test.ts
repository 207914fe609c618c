/**
 * Promise: the image runs hardened under docker and podman, is reached from the machine that runs it and from nowhere
 * else, keeps its data, and is itself an image that Roadstead serves.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { Docker } from '../support/clients/docker.ts';
import { Podman } from '../support/clients/podman.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { openBridge } from './bridge.ts';
import { BuiltImage } from './built.ts';
import { HARDENED, limits, untilReady } from './hardened.ts';

const NODE = '/usr/lib/roadstead/lib/node/bin/node';
/** docker and podman kill after 10 s; `http.draintimeout` in the image is 9 s. */
const STOP_MS = 9000;

requires(['dockerd', 'docker', 'podman', 'runc', 'skopeo', 'ip', 'apt-get', 'flock'])(
  'The image in a container',
  function () {
    this.timeout(480_000);
    const held = new AsyncDisposableStack();
    let image: BuiltImage;
    let layout: ImageLayout;
    let skopeo: Skopeo;
    let docker: Docker;
    let home: string;

    before(async () => {
      image = await BuiltImage.shared();
      home = held.use(await tempDir('containers')).path;
      layout = await makeImageLayout(join(home, 'image'));
      skopeo = held.use(await Skopeo.open());
      const bridge = held.use(await openBridge());
      docker = held.use(await Docker.open({ bridge: bridge.name }));
    });

    after(() => held.disposeAsync());

    const inspect = async (name: string, format: string) =>
      (await docker.run('inspect', name, '--format', format)).stdout.trim();

    /** Runs a container, as README and docs/container.md have it, with more options. */
    async function runRegistry(name: string, reference: string, ...more: string[]): Promise<string> {
      const host = `127.0.0.1:${await freePort()}`;
      const place = ['--publish', `${host}:5000`, '--volume', `${name}:/var/lib/roadstead`];
      await docker.run('run', '--detach', '--name', name, ...place, ...HARDENED, ...more, reference);
      await untilReady(host);
      return host;
    }

    const push = (host: string) => skopeo.copyAll(layout.directory, 'amd64', `${host}/candidate/hello:1`);

    it('is loaded by docker, and runs as nobody in particular, on a root that cannot be written', async () => {
      await docker.run('load', '--quiet', '--input', image.archive);
      const host = await runRegistry('hardened', image.name, '--health-interval=1s');
      expect((await fetch(`http://${host}/v2/`)).status).to.equal(200);
      const report = 'console.log(process.getuid(), process.getgid(), process.ppid)';
      const { stdout } = await docker.run('exec', 'hardened', NODE, '-e', report);
      expect(stdout.trim()).to.equal('65532 65532 0');
    });

    it("is found healthy by docker with the image's own check", async () => {
      await eventually(
        'the container is healthy',
        async () => (await inspect('hardened', '{{.State.Health.Status}}')) === 'healthy',
        60_000,
        200,
      );
      expect(await inspect('hardened', '{{json .State.Health.Log}}')).to.include('"Output":"ok\\n"');
    });

    it('takes a push from the machine, a promotion from inside, and gives the image back', async () => {
      const host = await inspect(
        'hardened',
        '{{(index (index .NetworkSettings.Ports "5000/tcp") 0).HostPort}}',
      );
      await push(`127.0.0.1:${host}`);
      await docker.run('exec', 'hardened', 'roadstead', 'promote', 'candidate/hello:1', 'hello:1');
      await docker.pull(`127.0.0.1:${host}/hello:1`);
    });

    it('answers nobody but that machine, though it is plain HTTP at every address', async () => {
      const address = await inspect('hardened', '{{.NetworkSettings.IPAddress}}');
      const ask = `fetch('http://${address}:5000/v2/').then(async (r) => console.log(r.status, await r.text()))`;
      const stranger = ['run', '--rm', ...HARDENED, '--entrypoint', NODE, image.name, '-e'];
      const { stdout } = await docker.run(...stranger, ask);
      expect(stdout).to.match(/^403 .*"DENIED".*plain HTTP/);
      // Promotions are not even there, and neither are metrics.
      for (const port of [5001, 5002]) {
        const refused = `fetch('http://${address}:${port}/').catch((e) => console.log(e.cause.code))`;
        expect((await docker.run(...stranger, refused)).stdout.trim()).to.equal('ECONNREFUSED');
      }
    });

    it('ends in order at SIGTERM, and has its data after a restart', async () => {
      const startedMs = performance.now();
      await docker.run('stop', 'hardened');
      expect(performance.now() - startedMs).to.be.below(STOP_MS);
      expect(await inspect('hardened', '{{.State.ExitCode}}')).to.equal('0');
      await docker.run('rm', 'hardened');
      const host = await runRegistry('hardened', image.name);
      const raw = await skopeo.inspectRaw(`${host}/hello:1`);
      expect(raw).to.include(layout.layers.amd64[0]?.digest);
      await docker.run('rm', '--force', 'hardened');
    });

    it('is pushed to Roadstead, promoted, and pulled from there to serve a push and a pull', async () => {
      await docker.run('image', 'rm', '--force', image.name);
      await using registry = await startRegistry();
      await skopeo.copyAll(image.directory, image.name, `${registry.host}/candidate/${image.name}`);
      await registry.cli(['promote', `candidate/${image.name}`, image.name]);
      const reference = `${registry.host}/${image.name}`;
      await docker.pull(reference);
      const host = await runRegistry('served', reference);
      await push(host);
      await docker.run('exec', 'served', 'roadstead', 'promote', 'candidate/hello:1', 'hello:1');
      await docker.pull(`${host}/hello:1`);
      await docker.run('rm', '--force', 'served');
    });

    it('runs under podman, with addresses of its own in the network of the machine', async () => {
      await using podman = await Podman.open();
      const [port, debug, release] = [await freePort(), await freePort(), await freePort()];
      const host = `127.0.0.1:${port}`;
      await podman.load(image.archive);
      const env = [
        ['REGISTRY_HTTP_ADDR', host],
        ['REGISTRY_HTTP_DEBUG_ADDR', `127.0.0.1:${debug}`],
        ['REGISTRY_PROMOTION_HTTP_ADDR', `127.0.0.1:${release}`],
      ].flatMap(([name, value]) => ['--env', `${name}=${value}`]);
      const options = [
        '--network=host',
        '--volume=data:/var/lib/roadstead',
        ...HARDENED,
        ...limits(),
        ...env,
      ];
      // Without a shell, and by this command alone: podman ignores the check that an OCI image brings.
      const check = ['--health-cmd=CMD /usr/bin/roadstead healthcheck', '--health-interval=disable'];
      // crun refuses the control groups of some machines.
      const byRunc = (...args: string[]) => podman.run('--runtime=runc', ...args);
      await using container = new AsyncDisposableStack();
      container.defer(async () => {
        await byRunc('rm', '--force', 'registry');
      });
      await byRunc('run', '--detach', '--name=registry', ...options, ...check, image.name);
      await untilReady(host);
      await byRunc('healthcheck', 'run', 'registry');
      await push(host);
      await byRunc('stop', 'registry');
      const { stdout } = await byRunc('inspect', 'registry', '--format', '{{.State.ExitCode}}');
      expect(stdout.trim()).to.equal('0');
    });
  },
);
