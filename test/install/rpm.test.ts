/** Promise: the RPM package says what it needs, has what Debian's has, and installs below any root. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { kindsToMake } from '../../infra/build/kinds.ts';
import { releaseOf } from '../../infra/build/release.ts';
import { artifacts } from '../support/artifacts.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { VERSION_LINE } from './installed.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

requires(['flock', 'rpm', 'rpmbuild', 'dpkg-deb', 'dpkg-shlibdeps'])('the RPM package', function () {
  this.timeout(300_000);
  const held = new AsyncDisposableStack();
  let rpm: string;
  let deb: string;
  let home: string;

  before(async () => {
    ({ rpm, deb } = await artifacts(['rpm', 'deb']));
    home = held.use(await tempDir('rpm')).path;
  });
  after(() => held.disposeAsync());

  const query = async (...args: string[]) => (await run('rpm', ['-qp', ...args, rpm])).stdout;

  it('needs the libraries of its Node and systemd, and offers nothing but itself', async () => {
    expect(await query('--requires'))
      .to.match(/^libc\.so\.6\(GLIBC_[\d.]+\)\(64bit\)$/m)
      .and.match(/^libstdc\+\+\.so\.6/m)
      .and.include('(systemd or systemd-standalone-sysusers)\n')
      .and.not.match(/python|perl|\/usr\/bin\/env|GLIBC_2\.(29|[3-9]\d)/);
    const provided = (await query('--provides')).trim().split('\n');
    expect(provided.filter((each) => !/^(config\()?roadstead/.test(each))).to.deep.equal([]);
    expect(await query('--queryformat', '%{LICENSE}')).to.match(/^Apache-2\.0 AND .*MIT$/);
  });

  it('has the files of the Debian package, at their places for RPM', async () => {
    const { stdout: listed } = await run('dpkg-deb', ['--contents', deb]);
    const debian = listed
      .split('\n')
      .filter((line) => /^[-l]/.test(line))
      .map((line) => /\.(\/\S+(?: [^-]\S*)*)/.exec(line.replace(/ -> .*/, ''))?.[1] ?? line)
      .filter((path) => !/lintian|share\/doc\/roadstead\/(changelog|copyright|LICENSES)/.test(path))
      .map((path) =>
        path.replace(/^\/lib\/systemd/, '/usr/lib/systemd').replace('vendor-completions', 'site-functions'),
      );
    const modes = (
      await query('--queryformat', '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]')
    )
      .trim()
      .split('\n');
    const files = modes
      .filter((line) => !line.startsWith('d'))
      .map((line) => line.split(' ').slice(2).join(' '))
      .filter((path) => !path.startsWith('/usr/share/licenses/'));
    expect(files.toSorted()).to.deep.equal(debian.toSorted());
    expect(modes.filter((line) => !/^[-dlrwx]{10} root:root /.test(line))).to.deep.equal([]);
    expect(modes)
      .to.include('drwxr-xr-x root:root /etc/roadstead')
      .and.include('-rw-r--r-- root:root /etc/roadstead/config.yml')
      .and.include('-rwxr-xr-x root:root /usr/lib/roadstead/lib/node/bin/node');
    expect(await query('--configfiles')).to.equal('/etc/roadstead/config.yml\n');
    expect(await query('--licensefiles')).to.include('/usr/share/licenses/roadstead/LICENSE\n');
  });

  it('has nothing of the machine that built it', async () => {
    expect(await query('--queryformat', '%{BUILDHOST}')).to.equal('roadstead.invalid');
    expect(await query('--queryformat', '%{BUILDTIME}')).to.equal(String(releaseOf().epochSeconds));
    expect(await query('--xml')).to.not.include('.work-');
  });

  it('runs below another root, and leaves only what was changed', async () => {
    const root = join(home, 'root');
    await mkdir(root);
    const below = ['--root', root, '--dbpath', '/var/lib/rpm', '--nodeps', '--noscripts'];
    await run('rpm', [...below, '--install', rpm], { timeoutMs: 120_000 });
    const { stdout } = await run(join(root, 'usr/bin/roadstead'), ['--version'], {
      env: { PATH: '/usr/bin:/bin' },
    });
    expect(stdout).to.match(VERSION_LINE);
    const verify = [...below, '--verify', 'roadstead'];
    expect((await run('rpm', verify, { allowFailure: true })).stdout).to.equal('');
    await appendFile(join(root, 'etc/roadstead/config.yml'), '# ours\n');
    expect((await run('rpm', verify, { allowFailure: true })).stdout).to.match(
      /^S.5.* c \/etc\/roadstead\/config\.yml\n$/,
    );
    await run('rpm', [...below, '--erase', 'roadstead']);
    const find = ['.', '-type', 'd', '-path', './var/lib/rpm', '-prune', '-o', '!', '-type', 'd', '-print'];
    const { stdout: left } = await run('find', find, { cwd: root });
    expect(left).to.equal('./etc/roadstead/config.yml.rpmsave\n');
    const { stdout: directories } = await run('find', ['.', '-iname', '*roadstead*'], { cwd: root });
    expect(directories).to.equal('./etc/roadstead\n');
  });

  it('is left out of a build without rpmbuild, unless it was asked for', async () => {
    const path = process.env['PATH'];
    const lines: string[] = [];
    try {
      process.env['PATH'] = home;
      expect(await kindsToMake(['npm', 'rpm'], undefined, (line) => lines.push(line))).to.deep.equal(['npm']);
    } finally {
      process.env['PATH'] = path;
    }
    expect(lines).to.deep.equal(['skipped rpm: rpmbuild is not installed']);
    const args = ['infra/build/main.ts', '--only', 'rpm', '--out', join(home, 'out')];
    const asked = await run('env', [`PATH=${home}`, process.execPath, ...args], {
      cwd: ROOT,
      allowFailure: true,
    });
    expect(asked.code).to.equal(1);
    expect(asked.stderr).to.match(/^rpm: rpmbuild is not installed\nusage: /);
  });
});
