import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execute } from './execute.ts';
import { ROOT } from './root.ts';

/** Where a distribution has what the staged tree has below `share/`. */
const PLACES = {
  debian: { units: 'lib/systemd/system', zsh: 'usr/share/zsh/vendor-completions' },
  rpm: { units: 'usr/lib/systemd/system', zsh: 'usr/share/zsh/site-functions' },
} as const;

/** Moves a staged tree (`bin/`, `lib/`, `share/`) to where a package of a distribution has its files, below `root`. */
export async function layOut(staged: string, root: string, kind: keyof typeof PLACES): Promise<void> {
  const places = PLACES[kind];
  const to = (path: string) => join(root, path);
  const share = join(staged, 'share');
  await move(join(staged, 'bin'), to('usr/lib/roadstead/bin'));
  await move(join(staged, 'lib'), to('usr/lib/roadstead/lib'));
  await mkdir(to('usr/bin'), { recursive: true });
  await symlink('../lib/roadstead/bin/roadstead', to('usr/bin/roadstead'));
  await install('infra/config/one-host.yml', to('etc/roadstead/config.yml'));
  const systemd = 'infra/systemd';
  for (const name of await readdir(join(ROOT, systemd)))
    if (/\.(service|socket|target)$/.test(name))
      await install(join(systemd, name), to(join(places.units, name)));
  await install(`${systemd}/roadstead.sysusers`, to('usr/lib/sysusers.d/roadstead.conf'));
  await install(`${systemd}/roadstead.tmpfiles`, to('usr/lib/tmpfiles.d/roadstead.conf'));
  await install('infra/pacemaker/registry', to('usr/lib/ocf/resource.d/roadstead/registry'), 0o755);
  // What the package has at its own places.
  for (const name of ['systemd', 'ocf'])
    await rm(join(share, 'roadstead', name), { recursive: true, force: true });
  await move(join(share, 'zsh/site-functions'), to(places.zsh));
  await rm(join(share, 'zsh'), { recursive: true, force: true });
  await move(share, to('usr/share'));
  await compressManuals(to('usr/share/man'));
  await execute('chmod', ['-R', 'u=rwX,go=rX', root]);
  await onlyNeeded(to('usr/lib/roadstead/lib'));
}

/** Removes what is for another libc. Only Node itself is executable: the rest is read by it. */
async function onlyNeeded(lib: string): Promise<void> {
  await execute('find', [lib, '-name', '*.musl.node', '-delete']);
  // Programs of a package that is only loaded.
  for (const name of ['bin.js', 'build-test.js', 'optional.js'])
    await rm(join(lib, 'node_modules/node-gyp-build', name), { force: true });
  await execute('find', [
    lib,
    '-type',
    'f',
    '!',
    '-path',
    '*/node/bin/node',
    '-exec',
    'chmod',
    '0644',
    '{}',
    '+',
  ]);
}

/** Copies a file of the source tree. */
export async function install(from: string, to: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, await readFile(join(ROOT, from)));
  await chmod(to, mode);
}

/** Gives everything the time of the release: package builders only take later times back to it. */
export async function setTimes(root: string, epochSeconds: number): Promise<void> {
  await execute('find', [root, '-exec', 'touch', '--no-dereference', `--date=@${epochSeconds}`, '{}', '+']);
}

/** Packages have manuals compressed; without a time, so that equal pages give equal bytes. */
async function compressManuals(directory: string): Promise<void> {
  const pages = await readdir(directory, { recursive: true }).catch(() => []);
  const plain = pages.filter((name) => /\.[1-9]$/.test(name)).map((name) => join(directory, name));
  if (plain.length > 0) await execute('gzip', ['-9n', ...plain]);
}

async function move(from: string, to: string): Promise<void> {
  const isMissing = await readdir(from).then(
    () => false,
    () => true,
  );
  if (isMissing) return;
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await rm(from, { recursive: true });
}
