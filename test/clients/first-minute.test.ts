import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CLI } from '../support/cli.ts';
import { pullClients } from '../support/clients/all.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { freePort, isListening } from '../support/ports.ts';
import { type Daemon, run, startDaemon } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { pathOnMirror, redirectedLayers } from './mirrored.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What `npm start` runs, with its paths made absolute: program and arguments. */
async function startScript(): Promise<string[]> {
  const manifest: { scripts: { start: string } } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  );
  const words = manifest.scripts.start.replace(/^exec /, '').split(' ');
  return words.map((word) => (word.includes('/') ? join(ROOT, word) : word));
}

/**
 * Holds the README's promise of a first minute: `npm start` needs no preparation, and the three commands that it
 * prints, typed as they stand, take an image from a push to a pull whose layers come from a mirror. Only the ports
 * and the working directory are the test's own, and an image of its own stands for the one from the internet.
 */
requires(['skopeo', 'npx', 'script'])('The first minute', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  let host: string;
  let port: number;
  let mirrorUrl: string;
  let metricsUrl: string;
  let layout: ImageLayout;
  let server: Daemon;

  before(async () => {
    home = held.use(await tempDir('first')).path;
    layout = await makeImageLayout(join(home, 'image'), { layerSizesMib: [2] });
    port = await freePort();
    host = `127.0.0.1:${port}`;
    const [debug, mirror] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    mirrorUrl = `http://${mirror}`;
    metricsUrl = `http://${debug}/metrics`;
    const [program, ...args] = await startScript();
    expect(program).to.equal(CLI.at(-1));
    // What to type next is for terminals, so it runs on one.
    const command = [process.execPath, ...CLI, ...args].join(' ');
    server = held.use(
      await startDaemon('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
        cwd: home,
        env: {
          REGISTRY_HTTP_ADDR: host,
          REGISTRY_HTTP_DEBUG_ADDR: debug,
          REGISTRY_MIRRORS_0_URL: mirrorUrl,
          REGISTRY_MIRRORS_0_SERVE: mirror,
        },
        ready: (output) => output.includes('docker pull '),
      }),
    );
  });
  after(() => held.disposeAsync());

  const output = () => server.output(Number.POSITIVE_INFINITY).replaceAll('\r', '');
  /** One of the printed commands, as words. */
  const printed = (program: string): string[] => {
    const line = output()
      .split('\n')
      .find((each) => each.startsWith(`  ${program} `));
    if (line === undefined) throw new Error(`no ${program} command is printed:\n${output()}`);
    return line.trim().split(' ');
  };
  /** Runs a command as in a shell of the checkout, but for the registry on its other port; answers with its output. */
  const type = async ([program = '', ...args]: readonly string[]) => {
    const env = { ROADSTEAD_SERVER: `http://${host}`, npm_config_update_notifier: 'false' };
    return (await run(program, args, { cwd: ROOT, env })).stdout;
  };
  /** What was asked of the registry and of its demonstration mirror, by their own log. */
  const requests = () =>
    output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['msg'] === 'request');

  it('begins by printing where the registry, its data and its mirror are, and what to type next', () => {
    expect(output()).to.include(`Roadstead listens on http://${host}\n`);
    expect(output()).to.match(new RegExp(`^ +data +${join(home, 'data', 'registry')}$`, 'm'));
    expect(output()).to.match(new RegExp(`^ +mirror +demo at ${mirrorUrl}$`, 'm'));
    expect(output()).to.match(new RegExp(`^ +metrics +${metricsUrl}$`, 'm'));
    expect(printed('skopeo').at(-1)).to.equal(`docker://${host}/candidate/hello:1`);
    expect(printed('npx').join(' ')).to.equal(
      `npx roadstead promote candidate/hello:1 hello:1 --wait-mirrors 1 --server http://${host}`,
    );
    expect(printed('docker').join(' ')).to.equal(`docker pull ${host}/hello:1`);
  });

  it('takes an image of two platforms by the first command', async () => {
    await using skopeo = await Skopeo.open();
    const [, ...args] = printed('skopeo').map((word) =>
      word.startsWith('docker://docker.io/') ? `oci:${layout.directory}:multi` : word,
    );
    await skopeo.run(...args);
    expect(JSON.parse(await skopeo.inspectRaw(`${host}/candidate/hello:1`)).manifests).to.have.lengthOf(2);
  });

  it('promotes it by the second', async () => {
    const stdout = await type(printed('npx'));
    expect(stdout).to.include('1 of 1 mirrors hold entry 1 (demo)');
    expect(stdout).to.include('promoted candidate/hello:1 to hello:1');
  });

  for (const kind of pullClients)
    requires(kind.programs)(`then ${kind.name}`, () => {
      it('pulls it, and gets its layers from the demonstration mirror', async function () {
        this.timeout(60_000);
        const before = requests().length;
        await using client = await kind.open();
        await client.pull(printed('docker').at(-1) ?? '');
        const lines = requests().slice(before);
        const redirected = lines.filter((line) => line['decision'] === 'demo' && line['status'] === 302);
        const bounced = lines.filter((line) => line['reason'] === 'bounced');
        expect(redirected.map((line) => line['digest'])).to.have.members(redirectedLayers(layout));
        expect(bounced).to.deep.equal([]);
      });
    });

  it('explains where a layer comes from', async () => {
    const [digest = ''] = redirectedLayers(layout);
    const stdout = await type(['npx', 'roadstead', 'explain', 'hello', digest]);
    expect(stdout).to.include('302 to demo: it holds the blob, is healthy, and no mirror is nearer');
    expect(stdout).to.include(`${mirrorUrl}/${pathOnMirror(digest)}`);
  });

  describe('at its end', () => {
    it('ends when its terminal goes', async () => {
      server.kill('SIGKILL');
      await eventually('the port is free', async () => !(await isListening(port)), 20_000);
    });
  });
});
