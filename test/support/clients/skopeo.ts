import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunResult, run } from '../process.ts';
import { type TempDir, tempDir } from '../temp.ts';
import { AuthFile, type Login, type PullClient } from './pull-client.ts';

/** skopeo: copies between a registry and a directory, exactly what it is told, with nothing kept in between. */
export class Skopeo implements PullClient {
  readonly name = 'skopeo';
  readonly #home: TempDir;
  readonly #authFile: AuthFile;
  #pulls = 0;

  private constructor(home: TempDir, authFile: AuthFile) {
    this.#home = home;
    this.#authFile = authFile;
  }

  static async open(): Promise<Skopeo> {
    const home = await tempDir('skopeo');
    await writeFile(join(home.path, 'registries.conf'), 'unqualified-search-registries = []\n');
    return new Skopeo(home, await AuthFile.create(join(home.path, 'auth.json')));
  }

  /** Pushes a tag of an OCI layout, with all platforms of an index, byte for byte. */
  async copyAll(layoutDirectory: string, tag: string, reference: string): Promise<void> {
    const source = `oci:${layoutDirectory}:${tag}`;
    await this.run(
      ...['copy', '--all', '--preserve-digests', '--dest-tls-verify=false'],
      ...[source, `docker://${reference}`],
    );
  }

  /** The manifest's own bytes, of an index too. */
  async inspectRaw(reference: string): Promise<string> {
    const { stdout } = await this.run('inspect', '--raw', '--tls-verify=false', `docker://${reference}`);
    return stdout;
  }

  /** Pulls into a directory of blobs and a `manifest.json`; `all` takes every platform of an index. */
  async copyToDir(reference: string, directory: string, { all = false } = {}): Promise<void> {
    const platforms = all ? ['--all'] : [];
    await this.run(
      ...['copy', ...platforms, '--src-tls-verify=false'],
      ...[`docker://${reference}`, `dir:${directory}`],
    );
  }

  async pull(reference: string): Promise<void> {
    const images = join(this.#home.path, 'images');
    await mkdir(images, { recursive: true });
    this.#pulls += 1;
    await this.copyToDir(reference, join(images, String(this.#pulls)));
  }

  async forget(): Promise<void> {
    await rm(join(this.#home.path, 'images'), { recursive: true, force: true });
  }

  login(registry: string, login: Login | undefined): Promise<void> {
    return this.#authFile.set(registry, login);
  }

  /** Any other command, with this client's own configuration. */
  run(...args: string[]): Promise<RunResult> {
    const { path } = this.#home;
    return run('skopeo', ['--insecure-policy', '--tmpdir', path, ...args], {
      env: {
        HOME: path,
        REGISTRY_AUTH_FILE: this.#authFile.path,
        CONTAINERS_REGISTRIES_CONF: join(path, 'registries.conf'),
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}
