import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageVersion } from './about.ts';
import type { Build } from './artifact.ts';
import { changelogText, controlText, copyrightText, debianArchitecture } from './debian-files.ts';
import { execute } from './execute.ts';
import { writeSbom } from './sbom.ts';
import { stage } from './stage.ts';
import { install, layOut, setTimes } from './system-tree.ts';

const SCRIPTS = ['postinst', 'prerm', 'postrm'];
/** Programs, from the root of the package, whose shared libraries have to be there. */
const PROGRAMS = ['usr/lib/roadstead/lib/node/bin/node'];

/**
 * One thread: the bytes must not depend on the number of processors. A minute of one, which a build for a test saves.
 */
const COMPRESSION =
  process.env['ROADSTEAD_BUILD'] === 'quick' ? ['-Zgzip', '-z1'] : ['-Zxz', '--threads-max=1'];

/** Makes the Debian package, where dpkg-deb and dpkg-shlibdeps are. */
export async function debianPackage({ release, out, work }: Build): Promise<string[]> {
  const staged = join(work, 'staged');
  const root = join(work, 'root');
  const packages = await stage(staged, release);
  await layOut(staged, root, 'debian');

  const doc = join(root, 'usr/share/doc/roadstead');
  await mkdir(doc, { recursive: true });
  await writeFile(join(doc, 'copyright'), copyrightText(packages));
  await writeFile(join(doc, 'changelog'), changelogText(release));
  await execute('gzip', ['-9n', join(doc, 'changelog'), join(doc, 'LICENSES.txt')]);
  // Debian has it already.
  await rm(join(doc, 'LICENSE'), { force: true });
  await install('infra/debian/lintian-overrides', join(root, 'usr/share/lintian/overrides/roadstead'));

  const control = join(root, 'DEBIAN');
  await mkdir(control);
  for (const name of SCRIPTS) await install(`infra/debian/${name}`, join(control, name), 0o755);
  await writeFile(join(control, 'conffiles'), '/etc/roadstead/config.yml\n');
  const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = files
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
    .filter((path) => !path.startsWith('DEBIAN/'))
    .sort();
  await writeFile(join(control, 'md5sums'), await execute('md5sum', paths, { cwd: root }));
  const libraries = await librariesOf(root, work);
  await writeFile(join(control, 'control'), controlText(release, libraries, await kibOf(root, paths)));
  await chmod(control, 0o755);
  for (const name of ['control', 'conffiles', 'md5sums']) await chmod(join(control, name), 0o644);

  const made = join(work, 'made.deb');
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(release.epochSeconds) };
  await setTimes(root, release.epochSeconds);
  await execute('dpkg-deb', ['--root-owner-group', ...COMPRESSION, '--build', root, made], {
    env,
  });
  const file = join(out, `roadstead_${packageVersion(release)}_${debianArchitecture(release)}.deb`);
  await rename(made, file);
  return [file, await writeSbom(file, release, { packages })];
}

/** The packages that have the shared libraries of the programs, with the versions that they need. */
async function librariesOf(root: string, work: string): Promise<string> {
  // dpkg-shlibdeps looks at debian/control for the name of the source.
  await mkdir(join(work, 'debian'), { recursive: true });
  await writeFile(
    join(work, 'debian/control'),
    'Source: roadstead\n\nPackage: roadstead\nArchitecture: any\n',
  );
  const found = await execute('dpkg-shlibdeps', ['-O', ...PROGRAMS.map((path) => join(root, path))], {
    cwd: work,
  });
  const depends = /^shlibs:Depends=(.+)$/m.exec(found)?.[1];
  if (depends === undefined) throw new Error(`dpkg-shlibdeps found no libraries: ${found}`);
  return depends;
}

/** Installed-Size as dpkg-gencontrol counts it: KiB, each file rounded up. */
async function kibOf(root: string, paths: readonly string[]): Promise<number> {
  let kib = 0;
  for (const path of paths) kib += Math.ceil((await stat(join(root, path))).size / 1024);
  return kib;
}
