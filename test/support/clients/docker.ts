import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Daemon, type RunResult, run, startDaemon } from '../process.ts';
import { type TempDir, tempDir } from '../temp.ts';
import { AuthFile, type Login, type PullClient } from './pull-client.ts';

/**
 * docker with a private dockerd, which needs root: its own socket, data and configuration, no network but a bridge that it
 * is given, and the vfs driver. Start one for a suite and share it. It takes plain HTTP, and any certificate, on 127.0.0.0/8.
 */
export class Docker implements PullClient {
  readonly name = 'docker';
  readonly #home: TempDir;
  readonly #authFile: AuthFile;
  readonly #daemon: Daemon;

  private constructor(home: TempDir, authFile: AuthFile, daemon: Daemon) {
    this.#home = home;
    this.#authFile = authFile;
    this.#daemon = daemon;
  }

  static async open({ bridge = 'none' } = {}): Promise<Docker> {
    const home = await tempDir('docker');
    const file = (name: string) => join(home.path, name);
    await mkdir(file('client'));
    const authFile = await AuthFile.create(join(home.path, 'client', 'config.json'));
    await writeFile(file('daemon.json'), '{}');
    const environment = clientEnvironment(home.path);
    const daemon = await startDaemon(
      'dockerd',
      [
        ...['--host', `unix://${file('docker.sock')}`, '--pidfile', file('dockerd.pid')],
        ...['--data-root', file('data'), '--exec-root', file('exec'), '--config-file', file('daemon.json')],
        ...['--storage-driver', 'vfs', '--bridge', bridge, '--iptables=false'],
      ],
      {
        env: { HOME: home.path },
        timeoutMs: 30_000,
        ready: async () =>
          (await run('docker', ['version'], { env: environment, allowFailure: true })).code === 0,
      },
    ).catch(async (error: unknown) => {
      await home[Symbol.asyncDispose]();
      throw error;
    });
    return new Docker(home, authFile, daemon);
  }

  /** Where it keeps logins. */
  get configDirectory(): string {
    return join(this.#home.path, 'client');
  }

  async pull(reference: string): Promise<void> {
    await this.run('pull', '--quiet', reference);
  }

  async forget(): Promise<void> {
    await this.run('image', 'prune', '--all', '--force');
  }

  login(registry: string, login: Login | undefined): Promise<void> {
    return this.#authFile.set(registry, login);
  }

  /** Any other command of docker's, to this dockerd. A docker that retries takes more than a minute to give up. */
  run(...args: string[]): Promise<RunResult> {
    return run('docker', args, { env: clientEnvironment(this.#home.path), timeoutMs: 120_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    await this.#home[Symbol.asyncDispose]();
  }
}

function clientEnvironment(home: string): Record<string, string> {
  return {
    HOME: home,
    DOCKER_HOST: `unix://${join(home, 'docker.sock')}`,
    DOCKER_CONFIG: join(home, 'client'),
  };
}
