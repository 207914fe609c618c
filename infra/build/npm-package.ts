import { chmod, copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Build } from './artifact.ts';
import { bundle } from './bundle.ts';
import { execute } from './execute.ts';
import { licencesText, packagesOf } from './licences.ts';
import { copyNative, NATIVE_PACKAGES } from './native.ts';
import type { Release } from './release.ts';
import { ROOT } from './root.ts';
import { writeSbom } from './sbom.ts';

const Names = z.record(z.string(), z.string());
const PackageJson = z.object({
  name: z.string(),
  description: z.string(),
  license: z.string(),
  optionalDependencies: Names,
});

/** Where the native packages have code for; the Node that the package brings is for Linux only. */
const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/**
 * Makes the npm package: the bundle with its native packages, and a launcher that finds a Node. Its only dependencies are
 * the Nodes for Linux, optional ones: an installation without a network works with any Node that is new enough.
 */
export async function npmPackage({ release, out, work }: Build): Promise<string[]> {
  const file = join(out, `roadstead-${release.version}.tgz`);
  const directory = join(work, 'npm');
  const metafile = await bundle(join(directory, 'lib'), release);
  await mkdir(join(directory, 'bin'));
  await copyFile(join(ROOT, 'infra/build/launcher/roadstead.cjs'), join(directory, 'bin/roadstead'));
  await chmod(join(directory, 'bin/roadstead'), 0o755);
  for (const name of ['LICENSE', 'README.md']) await copyFile(join(ROOT, name), join(directory, name));
  await copyNative(join(directory, 'lib/node_modules'), PLATFORMS);
  const packages = await packagesOf(metafile, NATIVE_PACKAGES);
  await writeFile(join(directory, 'LICENSES.txt'), licencesText(packages));
  const described = await packageJson(release);
  await writeFile(join(directory, 'package.json'), `${JSON.stringify(described, null, 2)}\n`);
  const args = ['pack', '--ignore-scripts', '--pack-destination', work, '--silent', directory];
  const packed = await execute('npm', args, { cwd: work });
  await rename(join(work, packed.trim()), file);
  return [file, await writeSbom(file, release, { packages })];
}

async function packageJson({ version }: Release) {
  const source = PackageJson.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  const { name, description, license, optionalDependencies } = source;
  return {
    ...{ name, version, description, license, bin: { roadstead: 'bin/roadstead' } },
    // Of the launcher. The program itself needs a newer one, which the launcher finds among the optional dependencies.
    engines: { node: '>=12' },
    files: ['bin', 'lib', 'LICENSES.txt'],
    optionalDependencies,
  };
}
