import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundle } from './bundle.ts';
import { writeFromCommands } from './from-commands.ts';
import { type Bundled, licencesText, packagesOf } from './licences.ts';
import { copyNative, NATIVE_PACKAGES } from './native.ts';
import type { Release } from './release.ts';
import { ROOT } from './root.ts';

/** What is copied as it is, if the source tree has it: from its root, to below `share/`. */
const SHARED: readonly (readonly [from: string, to: string])[] = [
  ['LICENSE', 'doc/roadstead/LICENSE'],
  ['README.md', 'doc/roadstead/README.md'],
  ['docs', 'doc/roadstead/docs'],
  ['infra/roadstead.yml', 'roadstead/config/roadstead.yml'],
  ['infra/cluster.yml', 'roadstead/config/cluster.yml'],
  ['infra/config', 'roadstead/config'],
  ['infra/front', 'roadstead/front'],
  ['infra/mirror', 'roadstead/mirror'],
  ['infra/systemd', 'roadstead/systemd'],
  ['infra/pacemaker', 'roadstead/ocf'],
  ['infra/opensvc', 'roadstead/opensvc'],
  ['infra/prometheus', 'roadstead/prometheus'],
  ['infra/grafana', 'roadstead/grafana'],
  ['infra/logs', 'roadstead/logs'],
];

/**
 * Makes the tree that the tarball, the Debian package, the RPM and the image contain: `bin/`, `lib/` and `share/`. It
 * works wherever it is put, as long as the three stay together. Returns the packages whose code it contains.
 */
export async function stage(directory: string, release: Release): Promise<Bundled[]> {
  const lib = join(directory, 'lib');
  const metafile = await bundle(lib, release);
  await copyNative(join(lib, 'node_modules'), [`linux-${release.arch}`]);
  await copyNode(join(lib, 'node'), release.arch);
  await mkdir(join(directory, 'bin'));
  await copyFile(join(ROOT, 'infra/build/launcher/roadstead.sh'), join(directory, 'bin/roadstead'));
  await chmod(join(directory, 'bin/roadstead'), 0o755);
  const share = join(directory, 'share');
  for (const [from, to] of SHARED) await copyIfThere(join(ROOT, from), join(share, to));
  await writeFromCommands(share, release);
  const packages = await packagesOf(metafile, [...NATIVE_PACKAGES, `node-linux-${release.arch}`]);
  await writeFile(join(share, 'doc/roadstead/LICENSES.txt'), licencesText(packages));
  return packages;
}

async function copyNode(directory: string, arch: string): Promise<void> {
  const from = join(ROOT, `node_modules/node-linux-${arch}`);
  await mkdir(join(directory, 'bin'), { recursive: true });
  await copyFile(join(from, 'bin/node'), join(directory, 'bin/node'));
  await chmod(join(directory, 'bin/node'), 0o755);
  await copyFile(join(from, 'LICENSE'), join(directory, 'LICENSE'));
}

async function copyIfThere(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true });
}
