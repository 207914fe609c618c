import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownDirectory } from '../go-programs.ts';
import { run } from '../process.ts';

const SUITE = 'bookworm';
/** What every machine has: systemd, a network, what apt needs, and what Ansible needs to log in. */
const BASE = [
  ...['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'procps', 'ca-certificates', 'curl'],
  ...['openssh-server', 'python3', 'python3-apt'],
];
/** Would work for themselves at odd times, or open the terminal of the machine that runs the tests. */
const MASKED = [
  ...[
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'fstrim.timer',
  ],
  ...['getty.target', 'console-getty.service', 'systemd-networkd.service', 'systemd-resolved.service'],
];
/** Servers that Debian starts as soon as they are installed. Tests say what runs. */
const OFF = [
  ...['nginx', 'haproxy', 'apache2', 'redis-server', 'prometheus', 'prometheus-alertmanager'],
  ...['prometheus-node-exporter', 'rsync'],
];
const BUILD_TIMEOUT_MS = 5 * 60_000;

/**
 * The root directory of a Debian 12 with systemd and some packages, as a new installation has it. Made by mmdebstrap, and
 * kept for later runs. Nobody writes to it: machines have a layer of their own above it.
 */
export async function debianRoot(packages: readonly string[] = []): Promise<string> {
  const wanted = [...new Set([...BASE, ...packages])].toSorted();
  const made = JSON.stringify({ SUITE, wanted, MASKED, OFF });
  const kept = await ownDirectory('roadstead-machines-0');
  const root = join(kept, createHash('sha256').update(made).digest('hex').slice(0, 16));
  if (existsSync(root)) return root;
  const making = await mkdtemp(join(kept, 'making-'));
  const path = join(making, 'root');
  try {
    const args = ['--mode=root', '--variant=minbase', `--include=${wanted.join(',')}`];
    const hook = `--customize-hook=chroot "$1" systemctl mask ${MASKED.join(' ')}`;
    const off = OFF.map((unit) => `chroot "$1" systemctl disable ${unit} 2>/dev/null || true`).join('; ');
    await run('mmdebstrap', [...args, hook, `--customize-hook=${off}`, SUITE, path], {
      timeoutMs: BUILD_TIMEOUT_MS,
    });
    // Two runs may make it at once; each puts a whole one there.
    await rename(path, root).catch((error: unknown) => {
      if (!existsSync(root)) throw error;
    });
    return root;
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}
