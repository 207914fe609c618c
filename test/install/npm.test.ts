/** Promise: the npm package installs without running anything, starts under any Node, and is removed without a rest. */
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import { run, startDaemon } from '../support/process.ts';
import { findProgram } from '../support/programs.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { ends, InstalledRegistry, livesItsLife, VERSION_LINE } from './installed.ts';
import { openNpmRegistry } from './npm-registry.ts';

const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=0'];
/** An installation without a network: nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const INSTALL_MS = 180_000;

requires(['skopeo', 'flock', 'npm', 'nodejs'])('the npm package', function () {
  this.timeout(300_000);
  const held = new AsyncDisposableStack();
  let home: string;
  let packed: string;
  let options: readonly string[];
  let prefix: string;
  let command: string;
  /** PATHs whose `node` is Debian's, too old for Roadstead, or the one of these tests. */
  let old: Readonly<Record<string, string>>;
  const recent = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };

  before(async () => {
    packed = (await artifacts(['npm'])).npm;
    home = held.use(await tempDir('npm')).path;
    const registry = held.use(await openNpmRegistry([`node-linux-${process.arch}`]));
    options = [...QUIET, `--registry=${registry.url}`, `--cache=${join(home, 'cache')}`];
    await mkdir(join(home, 'old'));
    await symlink(findProgram('nodejs') ?? '', join(home, 'old/node'));
    old = { PATH: `${join(home, 'old')}:/usr/bin:/bin` };
    prefix = join(home, 'prefix');
    await run('npm', ['install', '--global', `--prefix=${prefix}`, ...options, packed], {
      timeoutMs: INSTALL_MS,
    });
    command = join(prefix, 'bin/roadstead');
  });
  after(() => held.disposeAsync());

  it('finds the Node that it brought if an old one comes first', async () => {
    const { stdout: major } = await run('node', ['-p', 'parseInt(process.versions.node)'], { env: old });
    expect(Number(major)).to.be.below(24);
    for (const env of [old, recent]) {
      const { stdout } = await run(command, ['--version'], { env, cwd: '/' });
      expect(stdout).to.match(VERSION_LINE);
    }
  });

  it('serves pushes, promotions and pulls, over a restart, under an old Node', async () => {
    const where = join(home, 'under old');
    await mkdir(where);
    await livesItsLife({ command: [command], home: where, env: old }, where);
  });

  it('drains at SIGTERM under the Node of its own, as the same process', async () => {
    const where = join(home, 'under new');
    await mkdir(where);
    const registry = await InstalledRegistry.configure({ command: [command], home: where, env: recent });
    await using daemon = await registry.start();
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(daemon.pid)]);
    expect(stdout).to.include('lib/roadstead.js serve config.yml');
    await ends(daemon, 'SIGTERM');
  });

  it('ends as the program ends, under an old Node: by its code, or by its signal', async () => {
    const { code, stderr } = await run(command, ['serve', '/nonexistent'], { env: old, allowFailure: true });
    // EX_CONFIG: a service manager does not start it again.
    expect(code).to.equal(78);
    expect(stderr).to.include('/nonexistent').and.not.include('    at ');
    const waiting = await startDaemon(command, ['status', '--server', 'http://10.255.255.1'], {
      env: old,
      ready: () => true,
    });
    waiting.kill('SIGTERM');
    expect((await waiting.exit).reason).to.include('SIGTERM');
  });

  it('installs without a network, runs under a new Node, and says in one line what an old one lacks', async () => {
    const bare = join(home, 'bare');
    const offline = [...QUIET, `--registry=${NOWHERE}`, `--cache=${join(home, 'empty cache')}`];
    await run('npm', ['install', '--global', `--prefix=${bare}`, ...offline, packed], {
      timeoutMs: INSTALL_MS,
    });
    const { stdout } = await run(join(bare, 'bin/roadstead'), ['--version'], { env: recent });
    expect(stdout).to.match(VERSION_LINE);
    const tried = await run(join(bare, 'bin/roadstead'), ['serve'], { env: old, allowFailure: true });
    expect(tried.code).to.equal(1);
    expect(tried.stderr).to.match(/^Roadstead needs Node 24 or later; this is Node .* they bring one\.\n$/);
  });

  it('works as a dependency of a project, by npx', async () => {
    const project = join(home, 'project');
    await mkdir(project);
    await run('npm', ['install', ...options, packed], { cwd: project, timeoutMs: INSTALL_MS });
    const { stdout } = await run('npx', ['--no', '--', 'roadstead', '--version'], { cwd: project, env: old });
    expect(stdout).to.match(VERSION_LINE);
  });

  it('is removed without a rest', async () => {
    await run('npm', ['uninstall', '--global', `--prefix=${prefix}`, 'roadstead'], { timeoutMs: INSTALL_MS });
    expect(await readdir(join(prefix, 'bin'))).to.deep.equal([]);
    const modules = await readdir(join(prefix, 'lib/node_modules'));
    expect(modules.filter((name) => name !== '.package-lock.json')).to.deep.equal([]);
  });
});
