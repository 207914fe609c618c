import { writeFile } from 'node:fs/promises';
import { tellSecret } from '../log-watch.ts';

/** A person's name and password at a registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * A real registry client with storage, configuration and logins of its own, so that a test can loop over all of them.
 * References are `host:port/repository:tag` or `…@sha256:…`; plain HTTP is accepted on loopback addresses.
 */
export interface PullClient extends AsyncDisposable {
  readonly name: string;
  /** Fetches an image for this machine's platform; throws with the client's own words if it cannot. */
  pull(reference: string): Promise<void>;
  /** Drops all local images, so that the next pull fetches everything again. */
  forget(): Promise<void>;
  /** Uses these credentials at a registry (`host:port`) from now on; undefined forgets them. Nothing is contacted. */
  login(registry: string, login: Login | undefined): Promise<void>;
}

/** The file of credentials that docker, podman and skopeo all read in the same form. */
export class AuthFile {
  readonly path: string;
  readonly #auths = new Map<string, { auth: string }>();

  private constructor(path: string) {
    this.path = path;
  }

  static async create(path: string): Promise<AuthFile> {
    const file = new AuthFile(path);
    await file.#write();
    return file;
  }

  async set(registry: string, login: Login | undefined): Promise<void> {
    if (login === undefined) this.#auths.delete(registry);
    else {
      tellSecret(login.password, `${login.username}'s password`);
      const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
      this.#auths.set(registry, { auth });
    }
    await this.#write();
  }

  async #write(): Promise<void> {
    await writeFile(this.path, JSON.stringify({ auths: Object.fromEntries(this.#auths) }), { mode: 0o600 });
  }
}
