import { mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventually } from '../eventually.ts';
import {
  type Daemon,
  type DaemonOptions,
  type RunOptions,
  type RunResult,
  run,
  startDaemon,
} from '../process.ts';
import { tempDir } from '../temp.ts';
import { BOOT, ENTER, REMOVE_CGROUPS } from './boot-script.ts';
import { type Bridge, PREFIX_BITS } from './network.ts';

const BOOT_TIMEOUT_MS = 90_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A Debian with systemd, in namespaces of this machine. What it writes is its own, and is gone when it is disposed. */
export interface Machine extends AsyncDisposable {
  readonly name: string;
  /** On the bridge. */
  readonly address: string;
  /** Runs a program in it, as root. */
  run(program: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs a script of bash in it, as root; the first failure ends it. */
  script(text: string, options?: RunOptions): Promise<RunResult>;
  /** Starts a program in it that keeps running. */
  start(program: string, args: readonly string[], options: DaemonOptions): Promise<Daemon>;
  /** Where a file of it is on this machine, while it runs. */
  path(inside: string): string;
  /** Writes a file in it, with its directories. */
  write(inside: string, text: string, mode?: number): Promise<void>;
  /** Copies a file of this machine into it. */
  copyIn(outside: string, inside: string): Promise<void>;
  /** Takes its power away: every process ends at once. */
  crash(): Promise<void>;
  /** Boots it again, with the files that it had. */
  boot(): Promise<void>;
}

export interface MachineOptions {
  readonly name: string;
  /** Of {@link debianRoot}. */
  readonly root: string;
  readonly bridge: Bridge;
  /** Its number on the bridge. */
  readonly index: number;
  /** Files that it has before it boots, by their paths. */
  readonly files: Readonly<Record<string, string>>;
}

/** Boots a machine, and returns when systemd has started everything. */
export async function bootMachine(options: MachineOptions): Promise<Machine> {
  const { name, root, bridge, index, files } = options;
  await using held = new AsyncDisposableStack();
  const own = held.use(await tempDir('machine'));
  for (const [path, text] of Object.entries(files)) {
    const file = join(own.path, 'upper', path);
    await mkdir(dirname(file), { recursive: true });
    const isSecret = path.includes('/.ssh/');
    await writeFile(file, text, { mode: isSecret ? 0o600 : 0o644 });
  }
  const cgroup = `roadstead-${bridge.name}-${index}`;
  let running: { readonly namespaces: Daemon; readonly pid: number } | undefined;

  const pid = () => {
    if (!running) throw new Error(`machine ${name} is not running`);
    return running.pid;
  };
  const entering = (program: string, args: readonly string[], env: RunOptions['env'] = {}) => [
    ...['--target', String(pid()), '--all', '--root', '--wdns=/', 'env', '-i', `PATH=${PATH}`, 'HOME=/root'],
    ...Object.entries({ LANG: 'C.UTF-8', ...env }).map(([key, value]) => `${key}=${value}`),
    ...[program, ...args],
  ];
  const machine: Machine = {
    name,
    address: bridge.addressOf(index),
    run: (program, args = [], { env, ...rest } = {}) => run('nsenter', entering(program, args, env), rest),
    script: (text, rest) => machine.run('bash', ['-euc', text], rest),
    start: (program, args, { env, ...rest }) => startDaemon('nsenter', entering(program, args, env), rest),
    path: (inside) => join(`/proc/${pid()}/root`, inside),
    async write(inside, text, mode = 0o644) {
      await mkdir(dirname(machine.path(inside)), { recursive: true });
      await writeFile(machine.path(inside), text, { mode });
    },
    async copyIn(outside, inside) {
      await mkdir(dirname(machine.path(inside)), { recursive: true });
      await run('cp', ['-a', outside, machine.path(inside)]);
    },
    async crash() {
      const { namespaces } = running ?? {};
      running = undefined;
      namespaces?.kill('SIGKILL');
      await namespaces?.exit;
      await run('bash', ['-c', REMOVE_CGROUPS, 'remove', cgroup]);
    },
    async boot() {
      const ready = join(own.path, 'network-ready');
      await rm(ready, { force: true });
      await rm(join(own.path, 'work'), { recursive: true, force: true });
      const args = [ENTER, 'enter', cgroup, BOOT, root, own.path, name, cgroup, ready];
      const namespaces = await startDaemon('bash', ['-c', ...args], { ready: () => true });
      try {
        await eventually(
          'a first process',
          async () => {
            const first = await firstProcessOf(namespaces);
            running = first === undefined ? undefined : { namespaces, pid: first };
            return running !== undefined;
          },
          BOOT_TIMEOUT_MS,
        );
        await plugIn(pid(), bridge, index);
        await writeFile(ready, '');
        const isUp = async () => {
          const { stdout } = await machine.run('systemctl', ['is-system-running'], { allowFailure: true });
          return /^(running|degraded)/.test(stdout);
        };
        await eventually('systemd has started everything', isUp, BOOT_TIMEOUT_MS, 100);
      } catch (error) {
        throw new Error(`machine ${name} does not boot\n${namespaces.output()}`, { cause: error });
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
  held.defer(() => machine.crash());
  await machine.boot();
  const all = held.move();
  return machine;
}

/** The first process of the namespaces, by its number here; undefined before they exist. */
async function firstProcessOf({ pid }: Daemon): Promise<number | undefined> {
  const [first] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  if (!first) return undefined;
  const namespaceOf = (each: string) => readlink(`/proc/${each}/ns/pid`).catch(() => undefined);
  const [inside, here] = await Promise.all([namespaceOf(first), namespaceOf('self')]);
  return inside === undefined || inside === here ? undefined : Number(first);
}

/** Gives a machine its end of a cable to the bridge, and its address. */
async function plugIn(pid: number, bridge: Bridge, index: number): Promise<void> {
  const cable = `${bridge.name}v${index}`;
  await run('ip', ['link', 'delete', cable], { allowFailure: true });
  await run('ip', [...['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]]);
  await run('ip', ['link', 'set', cable, 'master', bridge.name, 'up']);
  const inside = (...args: string[]) => run('nsenter', ['--target', String(pid), '--net', 'ip', ...args]);
  await inside('address', 'add', `${bridge.addressOf(index)}/${PREFIX_BITS}`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('route', 'add', 'default', 'via', bridge.host);
}
