import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Build } from './artifact.ts';
import { execute } from './execute.ts';
import { writeSbom } from './sbom.ts';
import { stage } from './stage.ts';

/** Makes the relocatable tarball, with Node inside. */
export async function tarball({ release, out, work }: Build): Promise<string[]> {
  const name = `roadstead-${release.version}-linux-${release.arch}`;
  const packages = await stage(join(work, name), release);
  const file = join(out, `${name}.tar.gz`);
  const packed = join(work, 'packed');
  await packTarball(join(work, name), packed, release.epochSeconds);
  await rename(packed, file);
  return [file, await writeSbom(file, release, { packages })];
}

/**
 * Packs a directory, under its own name, so that equal contents give equal bytes: sorted names, one time, no owner, modes
 * that do not depend on the umask.
 */
export async function packTarball(directory: string, file: string, epochSeconds: number): Promise<void> {
  const packed = `${file}.tar`;
  await execute('tar', [
    ...['--create', `--file=${packed}`, `--directory=${dirname(directory)}`],
    ...['--sort=name', `--mtime=@${epochSeconds}`, '--owner=0', '--group=0', '--numeric-owner'],
    ...['--mode=u=rwX,go=rX', '--format=gnu'],
    basename(directory),
  ]);
  // Without the name and time of the packed file. Tests need it soon rather than small.
  const level = process.env['ROADSTEAD_BUILD'] === 'quick' ? '-1' : '-6';
  await execute('gzip', [level, '-n', '-f', packed]);
  await rename(`${packed}.gz`, file);
}
