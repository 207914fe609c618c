import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pMap from 'p-map';
import { ownDirectory } from './go-programs.ts';
import {
  type Daemon,
  type DaemonOptions,
  type RunOptions,
  type RunResult,
  run,
  startDaemon,
} from './process.ts';
import { findProgram } from './programs.ts';

/**
 * Clients of Debian 13, two years newer than those of Debian 12, beside which they cannot be installed: packages with
 * all that they depend on, unpacked into a directory, and run with that as their root.
 */
const PACKAGES = [
  ...['base-files', 'bash', 'coreutils', 'mount'],
  ...['oras', 'skopeo', 'podman', 'containerd', 'docker.io', 'docker-cli'],
];
const SUITE = 'trixie';
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** About 140 MB to fetch and 550 MB to unpack: half a minute here. */
export const UNPACK_TIMEOUT_MS = 90_000;
const APT_TIMEOUT_MS = 60_000;
const UNPACKED_AT_ONCE = 2;

/** Debian 13, where this machine can unpack and enter it. */
export interface Trixie {
  /** Runs a program there. It sees this machine's temporary files, where `cwd` has to be, processes and network. */
  run(program: string, args: readonly string[], options: RunOptions & { cwd: string }): Promise<RunResult>;
  /** Starts a program there that keeps running. */
  start(program: string, args: readonly string[], options: DaemonOptions & { cwd: string }): Promise<Daemon>;
}

/** Unpacks Debian 13, or takes what an earlier run unpacked; where that cannot be, the reason. */
export async function openTrixie(): Promise<Trixie | { readonly reason: string }> {
  const lacking = lacksOfThisMachine();
  if (lacking !== undefined) return { reason: lacking };
  try {
    const root = await unpacked();
    const trixie: Trixie = {
      run: (program, args, options) => run(ENTER, entering(root, options.cwd, program, args), options),
      start: (program, args, options) =>
        startDaemon(ENTER, entering(root, options.cwd, program, args), options),
    };
    await trixie.run('true', [], { cwd: tmpdir() });
    return trixie;
  } catch (error) {
    return { reason: `Debian 13 cannot be had here: ${String(error).replaceAll(/\s+/g, ' ').slice(0, 400)}` };
  }
}

function lacksOfThisMachine(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may enter another root directory';
  if (process.arch !== 'x64' || !existsSync(KEYRING)) return 'needs Debian on amd64, and its keys';
  const missing = ['apt-get', 'dpkg-deb', 'unshare', 'pivot_root'].filter(
    (program) => findProgram(program) === undefined,
  );
  return missing.length > 0 ? `needs ${missing.join(', ')}, not found on this machine` : undefined;
}

/** The directory; made whole under another name first, since two runs may want it at once. */
async function unpacked(): Promise<string> {
  const kept = await ownDirectory(`roadstead-${SUITE}-0`);
  const root = join(kept, 'root');
  if (existsSync(root)) return root;
  const making = await mkdtemp(join(kept, 'making-'));
  try {
    const archives = await download(join(making, 'apt'));
    const made = join(making, 'root');
    await mkdir(made);
    const unpack = (archive: string) => run('dpkg-deb', ['--extract', archive, made]);
    // It brings the links from /bin and /lib to /usr, without which the others would make directories there.
    const [base = '', ...others] = archives.toSorted((a, b) => Number(isBase(b)) - Number(isBase(a)));
    await unpack(base);
    await pMap(others, unpack, { concurrency: UNPACKED_AT_ONCE });
    await prepare(made);
    await rename(made, root).catch((error: unknown) => {
      if (!existsSync(root)) throw error;
    });
    return root;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

const isBase = (archive: string) => archive.includes('/base-files_');

/** Has apt fetch the packages, with their dependencies and checked by Debian's keys, as if nothing were installed. */
async function download(home: string): Promise<string[]> {
  const at = (name: string) => join(home, name);
  for (const name of ['lists/partial', 'cache/archives/partial', 'etc'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('status'), '');
  await writeFile(at('sources.list'), `deb [signed-by=${KEYRING}] ${await mirror()} ${SUITE} main\n`);
  const settings = {
    'Dir::State::lists': at('lists'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'Dir::Etc::sourcelist': at('sources.list'),
    'Dir::Etc::sourceparts': '-',
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '10',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";\n`);
  await writeFile(at('apt.conf'), lines.join(''));
  const options = { env: { APT_CONFIG: at('apt.conf') }, timeoutMs: APT_TIMEOUT_MS };
  await run('apt-get', ['update', '--error-on=any'], options);
  await run('apt-get', ['install', '--yes', '-qq', '--download-only', ...PACKAGES], options);
  const archives = at('cache/archives');
  return (await readdir(archives))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(archives, name));
}

/** The mirror that this machine uses. */
async function mirror(): Promise<string> {
  for (const file of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = /^(?:URIs:|deb(?: \[[^\]]*\])?) *(\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  return DEFAULT_MIRROR;
}

/** What the packages' scripts would have made, as far as it is wanted. */
async function prepare(root: string): Promise<void> {
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  await mkdir(join(root, '.old'));
}

const ENTER = 'unshare';

/**
 * What enters a root directory in a mount namespace of its own, which ends with the program: nothing is left mounted.
 * By pivot_root, because podman and dockerd change how their root is mounted, and a chroot is not mounted at all.
 */
function entering(root: string, cwd: string, program: string, args: readonly string[]): string[] {
  const script = [
    'set -e',
    'root=$1 cwd=$2 shared=$3; shift 3',
    'mount --bind "$root" "$root"',
    'mkdir -p "$root$shared"',
    'for each in /proc /sys /dev "$shared"; do mount --rbind "$each" "$root$each"; done',
    'cd "$root"',
    'pivot_root . .old',
    'umount --lazy /.old',
    'cd "$cwd"',
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'exec "$@"',
  ];
  const namespace = ['--mount', '--propagation', 'private'];
  const line = ['bash', '-c', script.join('\n'), 'enter', root, cwd, tmpdir(), program, ...args];
  return [...namespace, ...line];
}
