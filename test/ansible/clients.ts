import { join } from 'node:path';
import { run } from '../support/process.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { PASSWORDS, type Site } from './site.ts';

/** What a registry holds, from the point of view of its users. */
export class Users implements AsyncDisposable {
  readonly #site: Site;
  readonly #home: TempDir;
  #pulls = 0;

  private constructor(site: Site, home: TempDir) {
    this.#site = site;
    this.#home = home;
  }

  static async open(site: Site): Promise<Users> {
    return new Users(site, await tempDir('users'));
  }

  /** Pushes a tag of a layout to a candidate, by skopeo through the first front. */
  async push(layoutDirectory: string, tag: string, reference: string): Promise<void> {
    await this.#skopeo(
      ...['copy', '--all', '--preserve-digests', '--dest-cert-dir', this.#certificates],
      ...['--dest-creds', `builder:${PASSWORDS.builder}`, `oci:${layoutDirectory}:${tag}`],
      `docker://${this.#site.fronts[0]}/${reference}`,
    );
  }

  /** Promotes it on the machine of the release service, when both mirrors have it. */
  async promote(source: string, target: string, mirrors = 2): Promise<void> {
    await this.#site.park.machines.node1.run(
      'roadstead',
      [
        ...['promote', source, target, '--server', 'http://127.0.0.1:5002', '--username', 'releaser'],
        ...[
          '--cacert',
          '/etc/roadstead/mirrors-ca.pem',
          '--wait-mirrors',
          String(mirrors),
          '--timeout',
          '3m',
        ],
      ],
      { env: { ROADSTEAD_PASSWORD: PASSWORDS.releaser }, timeoutMs: 240_000 },
    );
  }

  /** Pulls it whole, without a login, and returns the digest of its manifest. */
  async pull(reference: string, front: string = this.#site.fronts[0]): Promise<string> {
    this.#pulls += 1;
    const directory = join(this.#home.path, String(this.#pulls));
    const source = `docker://${front}/${reference}`;
    const certificates = ['--src-cert-dir', this.#certificates];
    await this.#skopeo('copy', '--src-no-creds', ...certificates, source, `dir:${directory}`);
    const { stdout } = await run('sha256sum', [join(directory, 'manifest.json')]);
    await run('rm', ['-r', directory]);
    return `sha256:${stdout.slice(0, 64)}`;
  }

  /** Pulls again and again until it is stopped, and returns how many pulls succeeded, and why others did not. */
  keepPulling(reference: string): { stop(): Promise<{ pulled: number; failures: string[] }> } {
    let isWanted = true;
    const result = { pulled: 0, failures: [] as string[] };
    const pulling = (async () => {
      while (isWanted)
        await this.pull(reference).then(
          () => result.pulled++,
          (error: Error) => result.failures.push(`${new Date().toISOString()} ${error.message}`),
        );
    })();
    return {
      async stop() {
        isWanted = false;
        await pulling;
        return result;
      },
    };
  }

  get #certificates(): string {
    return this.#site.authority.directory;
  }

  async #skopeo(...args: string[]): Promise<void> {
    await run('skopeo', ['--insecure-policy', '--tmpdir', this.#home.path, ...args], {
      env: { HOME: this.#home.path, REGISTRY_AUTH_FILE: join(this.#home.path, 'auth.json') },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}
