/** Promise: the tarball runs wherever it is unpacked, for any user, with nothing installed, and leaves no trace there. */
import { chmod, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { livesItsLife, VERSION_LINE } from './installed.ts';

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

requires(['skopeo', 'flock', 'setpriv'])('the tarball', function () {
  this.timeout(300_000);
  const held = new AsyncDisposableStack();
  let home: string;
  let unpacked: string;

  before(async () => {
    const { tarball } = await artifacts(['tarball']);
    home = held.use(await tempDir('tarball')).path;
    await chmod(home, 0o755);
    await mkdir(join(home, 'an odd place'));
    await run('tar', ['--extract', `--file=${tarball}`, `--directory=${join(home, 'an odd place')}`]);
    const [name = ''] = await readdir(join(home, 'an odd place'));
    unpacked = join(home, 'an odd place', name);
  });
  after(() => held.disposeAsync());

  /** Without this process's PATH: on a machine that has no Node. */
  const env = { PATH: '/usr/bin:/bin' };

  it('says its version and commit, through symbolic links', async () => {
    await symlink(join(unpacked, 'bin/roadstead'), join(home, 'first'));
    await symlink('first', join(home, 'second'));
    const { stdout } = await run(join(home, 'second'), ['--version'], { env });
    expect(stdout).to.match(VERSION_LINE);
  });

  it('serves pushes, promotions and pulls, over a restart, for another user who cannot write to it', async () => {
    const where = join(home, 'nobody');
    await mkdir(where);
    await chmod(where, 0o777);
    const before = await listing(unpacked);
    const command = ['setpriv', ...NOBODY, join(unpacked, 'bin/roadstead')] as const;
    await livesItsLife({ command: [...command], home: where, env: { ...env, HOME: '/nonexistent' } }, home);
    expect(await listing(unpacked)).to.equal(before);
  });

  it('has no tests, development tools or TypeScript inside', async () => {
    const { stdout } = await run('find', ['.', '-type', 'f'], { cwd: unpacked });
    const files = stdout.split('\n');
    expect(files).to.include('./lib/roadstead.js').and.include('./lib/node/bin/node');
    expect(files.filter((file) => /\.ts$|\/test\/|mocha|esbuild|biome/.test(file))).to.deep.equal([]);
  });
});

async function listing(directory: string): Promise<string> {
  return (await run('find', ['.', '-printf', '%p %s %T@ %m\n'], { cwd: directory })).stdout;
}
