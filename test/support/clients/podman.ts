import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunResult, run } from '../process.ts';
import { type TempDir, tempDir } from '../temp.ts';
import { AuthFile, type Login, type PullClient } from './pull-client.ts';

const CONFIG_FILES = {
  'registries.conf': 'unqualified-search-registries = []\n',
  'policy.json': JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }),
  'containers.conf': '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
};

/** podman with an image store of its own, on the vfs driver, which needs no support from the kernel. */
export class Podman implements PullClient {
  readonly name = 'podman';
  readonly #home: TempDir;
  readonly #authFile: AuthFile;

  private constructor(home: TempDir, authFile: AuthFile) {
    this.#home = home;
    this.#authFile = authFile;
  }

  static async open(): Promise<Podman> {
    const home = await tempDir('podman');
    for (const [name, content] of Object.entries(CONFIG_FILES))
      await writeFile(join(home.path, name), content);
    return new Podman(home, await AuthFile.create(join(home.path, 'auth.json')));
  }

  async pull(reference: string): Promise<void> {
    await this.pullImage(reference);
  }

  /** Pulls an image and returns its id. */
  async pullImage(reference: string): Promise<string> {
    const policy = join(this.#home.path, 'policy.json');
    const { stdout } = await this.run(
      ...['pull', '--quiet', '--tls-verify=false', '--signature-policy', policy, reference],
    );
    return stdout.trim();
  }

  /** Loads an archive of an image. */
  async load(archive: string): Promise<void> {
    const policy = join(this.#home.path, 'policy.json');
    await this.run('load', '--quiet', '--signature-policy', policy, '--input', archive);
  }

  async remove(image: string): Promise<void> {
    await this.run('rmi', '--force', image);
  }

  async forget(): Promise<void> {
    await this.run('rmi', '--all', '--force');
  }

  login(registry: string, login: Login | undefined): Promise<void> {
    return this.#authFile.set(registry, login);
  }

  /** Any other command, on this client's own store. */
  run(...args: string[]): Promise<RunResult> {
    const file = (name: string) => join(this.#home.path, name);
    const store = ['--root', file('root'), '--runroot', file('run'), '--tmpdir', file('tmp')];
    return run('podman', [...store, '--storage-driver', 'vfs', ...args], {
      // The vfs driver copies every layer whole.
      timeoutMs: 120_000,
      env: {
        HOME: this.#home.path,
        TMPDIR: this.#home.path,
        REGISTRY_AUTH_FILE: this.#authFile.path,
        CONTAINERS_REGISTRIES_CONF: file('registries.conf'),
        CONTAINERS_CONF: file('containers.conf'),
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}
