import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '../execute.ts';
import { ROOT } from '../root.ts';

/**
 * What Node needs of a system, and what says which system it is. Not ca-certificates and tzdata: Node brings both lists
 * itself. gcc-14-base has the licence of the libraries from GCC.
 */
const PACKAGES = ['base-files', 'gcc-14-base', 'libc6', 'libgcc-s1', 'libstdc++6'];
const SUITE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Debian's architectures by Node's names. */
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;
/** Kept between builds, so that only what changed is fetched again. */
const CACHE = join(ROOT, 'node_modules/.cache/image');

/**
 * Fetches the packages of the base by apt, which checks them by Debian's keys; returns the archives, sorted by name. The
 * newest versions, or those of the mirror that ROADSTEAD_DEBIAN_MIRROR names: with a state of snapshot.debian.org, such as
 * https://snapshot.debian.org/archive/debian/20261101T000000Z, an old image can be built again.
 */
export async function fetchPackages(arch: keyof typeof ARCHITECTURES): Promise<string[]> {
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing: install debian-archive-keyring`);
  const mirror = process.env['ROADSTEAD_DEBIAN_MIRROR'] ?? 'http://deb.debian.org/debian';
  const home = join(CACHE, arch);
  const at = (name: string) => join(home, name);
  for (const name of ['lists/partial', 'cache/archives/partial', 'etc', 'packages'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('status'), '');
  await writeFile(at('sources.list'), sources(mirror));
  await writeFile(at('apt.conf'), settings(at, ARCHITECTURES[arch]));
  // One build at a time: apt gives up where another one works.
  const apt = (cwd: string, ...args: string[]) =>
    execute('flock', [at('lock'), 'apt-get', `--config-file=${at('apt.conf')}`, '-qq', ...args], { cwd });
  await apt(home, 'update', '--error-on=any');
  // Not in the directory of the packages: what is there already would not be named.
  const uris = await apt(home, 'download', '--print-uris', ...PACKAGES);
  const wanted = [...uris.matchAll(/^'[^']*' (\S+\.deb) /gm)].map(([, name = '']) => name);
  if (wanted.length !== PACKAGES.length) throw new Error(`${mirror} lacks some of ${PACKAGES.join(', ')}`);
  const kept = await readdir(at('packages'));
  for (const old of kept.filter((name) => !wanted.includes(name))) await rm(join(at('packages'), old));
  await apt(at('packages'), 'download', ...PACKAGES);
  return wanted.toSorted().map((name) => join(at('packages'), name));
}

function sources(mirror: string): string {
  const security = mirror.replace(/\/debian(?=\/|$)/, '/debian-security');
  const line = (url: string, suite: string) => `deb [signed-by=${KEYRING}] ${url} ${suite} main\n`;
  return line(mirror, SUITE) + line(mirror, `${SUITE}-updates`) + line(security, `${SUITE}-security`);
}

/** Nothing of this machine's own apt is read or changed. */
function settings(at: (name: string) => string, architecture: string): string {
  const values = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
    'Dir::State::lists': at('lists'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'Dir::Etc': at('etc'),
    'Dir::Etc::sourcelist': at('sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Acquire::Languages': 'none',
    // A state of snapshot.debian.org is older than its signature allows.
    'Acquire::Check-Valid-Until': 'false',
    'Acquire::Retries': '3',
    'Acquire::http::Timeout': '20',
  };
  return Object.entries(values)
    .map(([key, value]) => `${key} "${value}";\n`)
    .join('');
}
