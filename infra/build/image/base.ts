import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '../execute.ts';

/** A Debian package in the image. */
export interface BasePackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Of the archive, as Debian's lists have it. */
  readonly sha256: string;
}

/** Unpacks archives into a directory, and notes them where scanners look, as Google's distroless images do. */
export async function unpackBase(archives: readonly string[], directory: string): Promise<BasePackage[]> {
  const status = join(directory, 'var/lib/dpkg/status.d');
  const packages: BasePackage[] = [];
  // base-files is the first by name, too: it brings the links from /lib to /usr/lib.
  for (const archive of archives) {
    await execute('dpkg-deb', ['--extract', archive, directory]);
    const control = await execute('dpkg-deb', ['--field', archive]);
    const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(control)?.[1] ?? '';
    const name = field('Package');
    await mkdir(status, { recursive: true });
    await writeFile(join(status, name), control);
    const sums = await execute('dpkg-deb', ['--info', archive, 'md5sums']);
    await writeFile(join(status, `${name}.md5sums`), sums);
    const sha256 = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    packages.push({ name, version: field('Version'), architecture: field('Architecture'), sha256 });
  }
  return packages;
}
