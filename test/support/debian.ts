import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { type RunResult, run } from './process.ts';
import { findProgram } from './programs.ts';

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const LISTS_DIRECTORY = '/var/lib/apt/lists';
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/** What to look for on the PATH, where it is not the name of the package. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'nginx-light': ['nginx'],
  varnish: ['varnishd'],
  'dpkg-dev': ['dpkg-shlibdeps'],
  rpm: ['rpm', 'rpmbuild'],
  'libxml2-utils': ['xmllint'],
  'resource-agents': ['ocf-tester'],
  'openssh-client': ['ssh', 'ssh-keygen'],
  'docker.io': ['dockerd', 'docker'],
  'busybox-static': ['busybox'],
  'ceph-common': ['ceph'],
  'ceph-mon': ['ceph-mon', 'monmaptool'],
  radosgw: ['radosgw', 'radosgw-admin'],
  'swift-proxy': ['swift-proxy-server'],
  'swift-account': ['swift-account-server'],
  'swift-container': ['swift-container-server'],
  'swift-object': ['swift-object-server'],
  keystone: ['keystone-manage'],
  'uwsgi-core': ['uwsgi'],
  'exfat-fuse': ['mount.exfat-fuse'],
  'ansible-core': ['ansible-playbook'],
  exfatprogs: ['mkfs.exfat'],
  // These bring no program; where Keystone and uWSGI are, they are.
  'uwsgi-plugin-python3': ['uwsgi'],
  'python3-keystonemiddleware': ['keystone-manage'],
};

/** Debian 13 split docker's command off; Debian 12 has no such package, and does not need it. */
const SPLIT_OFF: Readonly<Record<string, string>> = { 'docker.io': 'docker-cli' };

function isMissing(packageName: string): boolean {
  return (PROGRAMS[packageName] ?? [packageName]).some((program) => findProgram(program) === undefined);
}

/** Tells apt to start no service: the tests start their own, on ports and directories of their own. */
async function forbidServices(): Promise<AsyncDisposable> {
  const isOurs = !existsSync(POLICY_FILE);
  if (isOurs) await writeFile(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return { [Symbol.asyncDispose]: async () => (isOurs ? rm(POLICY_FILE, { force: true }) : undefined) };
}

function apt(...args: string[]): Promise<RunResult> {
  return run('apt-get', ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    timeoutMs: INSTALL_TIMEOUT_MS,
    allowFailure: true,
  });
}

async function install(packages: readonly string[]): Promise<RunResult> {
  const hasLists =
    existsSync(LISTS_DIRECTORY) && readdirSync(LISTS_DIRECTORY).some((name) => name.includes('Packages'));
  const attempt = () => apt('install', '--no-install-recommends', ...packages);
  if (hasLists) {
    const result = await attempt();
    if (result.code === 0) return result;
  }
  await apt('update');
  return attempt();
}

/**
 * Installs those of the Debian packages whose programs are missing, saying which, when this is root on Debian;
 * anywhere else it installs nothing. Never throws for a package it cannot get: what is still missing is returned,
 * and the suites that need it say so themselves (see `requires`).
 */
export async function ensurePackages(packages: readonly string[]): Promise<{ missing: string[] }> {
  const wanted = packages.filter(isMissing);
  const canInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (wanted.length === 0 || !canInstall) return { missing: wanted };

  console.log(`installing Debian packages: ${wanted.join(' ')}`);
  await using _services = await forbidServices();
  const result = await install(wanted);
  if (result.code !== 0) console.log(`apt-get failed:\n${result.stderr.trimEnd()}`);
  for (const name of wanted.filter(isMissing)) {
    const rest = SPLIT_OFF[name];
    if (result.code === 0 && rest !== undefined) await install([rest]);
  }
  return { missing: wanted.filter(isMissing) };
}
