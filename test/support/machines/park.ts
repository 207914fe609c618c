import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { run } from '../process.ts';
import { type DefineSuite, requires } from '../requirements.ts';
import { tempDir } from '../temp.ts';
import { type AptProxy, openAptProxy } from './apt-proxy.ts';
import { bootMachine, type Machine } from './machine.ts';
import { type Bridge, openBridge } from './network.ts';
import { debianRoot } from './root.ts';

/** To make the root directory and to boot: minutes on a slow machine, once; seconds afterwards. */
export const MACHINES_TIMEOUT_MS = 6 * 60_000;
const BOOTED_AT_ONCE = 3;

/** Machines on a bridge of their own. They know each other by name, and this machine as `host`. */
export interface Park<Name extends string> extends AsyncDisposable {
  readonly machines: Readonly<Record<Name, Machine>>;
  readonly bridge: Bridge;
  /** The private key that root of each machine accepts. */
  readonly sshKey: string;
}

export interface ParkOptions {
  /** Debian packages that the machines have besides those of every machine. Servers among them do not run. */
  readonly packages?: readonly string[];
}

/** `describe` for suites with machines: they take root on Debian. Skipped, with the reason, elsewhere. */
export function requiresMachines(programs: readonly string[] = []): DefineSuite {
  if (process.getuid?.() === 0) return requires(['mmdebstrap', 'ssh-keygen', 'nsenter', ...programs]);
  return (title, body) => describe.skip(`${title}: needs root, to boot machines`, body);
}

/** Boots machines with these names. `apt-get update` and `install` work in them, through a proxy of this machine. */
export async function openPark<Name extends string>(
  names: readonly Name[],
  { packages = [] }: ParkOptions = {},
): Promise<Park<Name>> {
  await using held = new AsyncDisposableStack();
  const root = await debianRoot(packages);
  const bridge = held.use(await openBridge());
  const home = held.use(await tempDir('park'));
  const proxy = held.use(await openAptProxy(bridge.host));
  const sshKey = join(home.path, 'key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', sshKey]);
  const files = filesOf(names, bridge, proxy, await readFile(`${sshKey}.pub`, 'utf8'));
  const booted = await pMap(
    [...names.entries()],
    async ([index, name]) => {
      const own = { ...files, 'etc/hostname': `${name}\n` };
      return [name, held.use(await bootMachine({ name, root, bridge, index, files: own }))] as const;
    },
    { concurrency: BOOTED_AT_ONCE },
  );
  const machines = Object.fromEntries(booted) as Record<Name, Machine>;
  const all = held.move();
  return { machines, bridge, sshKey, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function filesOf(
  names: readonly string[],
  bridge: Bridge,
  proxy: AptProxy,
  publicKey: string,
): Record<string, string> {
  const hosts = names.map((name, index) => `${bridge.addressOf(index)} ${name}`);
  return {
    'etc/hosts': ['127.0.0.1 localhost', '::1 localhost', `${bridge.host} host`, ...hosts, ''].join('\n'),
    'etc/apt/apt.conf.d/99proxy': `Acquire::http::Proxy "${proxy.url}";\n`,
    'root/.ssh/authorized_keys': publicKey,
  };
}
