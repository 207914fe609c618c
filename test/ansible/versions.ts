import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD_TIMEOUT_MS = 5 * 60_000;

/** The tarball of this source tree, labelled as another version. */
export async function buildVersion(version: string, directory: string): Promise<string> {
  const args = ['infra/build/main.ts', '--only', 'tarball', '--version', version, '--out', directory];
  const env = { ROADSTEAD_BUILD: 'quick' };
  await run(process.execPath, args, { cwd: ROOT, env, timeoutMs: BUILD_TIMEOUT_MS });
  return join(directory, `roadstead-${version}-linux-${process.arch}.tar.gz`);
}

/** Makes a tarball of a version that answers commands, but whose services end as soon as they start. */
export async function breakVersion(tarball: string, version: string, directory: string): Promise<string> {
  const name = basename(tarball, '.tar.gz').replace(/-\d+\.\d+\.\d+-/, `-${version}-`);
  const tree = join(directory, name);
  await run('mkdir', ['-p', tree]);
  await run('tar', ['-xzf', tarball, '-C', tree, '--strip-components=1']);
  const launcher = join(tree, 'bin/roadstead');
  const [first = '', ...lines] = (await readFile(launcher, 'utf8')).split('\n');
  const broken =
    'case "$1" in api | token | release | sync) echo "this version is broken" >&2; exit 1 ;; esac';
  await writeFile(launcher, [first, broken, ...lines].join('\n'));
  const path = join(directory, `${name}.tar.gz`);
  await run('tar', ['-c', '-I', 'gzip -1', '-f', path, '-C', directory, name], {
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  return path;
}
