import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from 'bcrypt';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { Skopeo } from '../support/clients/skopeo.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { freePort, isListening } from '../support/ports.ts';
import { type Daemon, type RunResult, run, startDaemon } from '../support/process.ts';

/** What `--version` prints of a build from a clone. */
export const VERSION_LINE = /^\d+\.\d+\.\d+ \(commit [0-9a-f]{7,}(\+changes)?\)\n$/;

/** How an installed `roadstead` is called. */
export interface Installed {
  /** The command and what comes before its arguments, such as `setpriv`. */
  readonly command: readonly [string, ...string[]];
  /** An empty directory that the command may write to; it runs there. */
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** An installed registry with accounts and a mirror, which it runs in a process and a thread of their own. */
export class InstalledRegistry {
  readonly #installed: Installed;
  readonly #port: number;
  readonly #debugPort: number;
  readonly #mirrorPort: number;

  private constructor(
    installed: Installed,
    [port, debugPort, mirrorPort]: readonly [number, number, number],
  ) {
    this.#installed = installed;
    this.#port = port;
    this.#debugPort = debugPort;
    this.#mirrorPort = mirrorPort;
  }

  static async configure(installed: Installed): Promise<InstalledRegistry> {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const registry = new InstalledRegistry(installed, ports);
    await mkdir(join(installed.home, 'data'));
    await chmod(join(installed.home, 'data'), 0o777);
    await writeFile(join(installed.home, 'htpasswd'), `kim:${await hash('secret', 4)}\n`);
    await writeFile(join(installed.home, 'config.yml'), stringify(registry.#config()), { mode: 0o644 });
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  isListening(): Promise<boolean> {
    return isListening(this.#port);
  }

  start(): Promise<Daemon> {
    const [program, ...args] = this.#installed.command;
    return startDaemon(program, [...args, 'serve', 'config.yml'], {
      cwd: this.#installed.home,
      ...(this.#installed.env && { env: this.#installed.env }),
      ready: async () => (await fetch(`http://${this.host}/readyz`)).ok,
    });
  }

  /** Runs a command that talks to the registry. */
  run(...words: string[]): Promise<RunResult> {
    const [program, ...args] = this.#installed.command;
    const env = {
      ...this.#installed.env,
      ROADSTEAD_SERVER: `http://${this.host}`,
      ROADSTEAD_PASSWORD: 'secret',
    };
    return run(program, [...args, ...words, '--username', 'kim'], { cwd: this.#installed.home, env });
  }

  #config(): object {
    const { home } = this.#installed;
    const mirror = `127.0.0.1:${this.#mirrorPort}`;
    return {
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(home, 'data/registry'), sync: false } },
      http: { addr: this.host, draintimeout: '5s', debug: { addr: `127.0.0.1:${this.#debugPort}` } },
      auth: { htpasswd: { realm: 'installed', path: join(home, 'htpasswd') } },
      promotion: { candidates: ['candidate/**'] },
      mirrors: [
        {
          ...{ name: 'here', url: `http://${mirror}`, sameoperator: true, serve: mirror },
          write: { directory: join(home, 'data/mirror') },
        },
      ],
    };
  }
}

/** Push, promotion to a mirror, restart, pull: what an installation is for. Ends with the registry stopped. */
export async function livesItsLife(installed: Installed, images: string): Promise<void> {
  const registry = await InstalledRegistry.configure(installed);
  const layout = await makeImageLayout(join(images, 'layout'));
  const skopeo = await Skopeo.open();
  await using _ = skopeo;
  await using first = await registry.start();
  await skopeo.login(registry.host, { username: 'kim', password: 'secret' });
  await skopeo.copyAll(layout.directory, 'multi', `${registry.host}/candidate/hello:1`);
  await registry.run('promote', 'candidate/hello:1', 'hello:1', '--wait-mirrors', '1', '--timeout', '60s');
  await ends(first, 'SIGTERM');
  expect(await registry.isListening()).to.equal(false);

  await using second = await registry.start();
  const pulled = await skopeo.inspectRaw(`${registry.host}/hello:1`);
  expect(JSON.parse(pulled)).to.deep.equal(
    JSON.parse(await manifestOf(layout.directory, layout.digests.multi)),
  );
  await skopeo.copyToDir(`${registry.host}/hello:1`, join(images, 'pulled'), { all: true });
  await ends(second, 'SIGINT');
}

/** Ends it by a signal, which drains and is no failure. */
export async function ends(daemon: Daemon, signal: NodeJS.Signals): Promise<void> {
  daemon.kill(signal);
  const { code, reason } = await daemon.exit;
  expect(code, `${reason}\n${daemon.output()}`).to.equal(0);
  expect(daemon.output()).to.include('"draining"').and.include('"stopped"');
}

function manifestOf(layout: string, digest: string): Promise<string> {
  return readFile(join(layout, 'blobs', ...digest.split(':')), 'utf8');
}
