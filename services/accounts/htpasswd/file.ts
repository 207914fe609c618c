import { readFile, stat } from '../../files/settings-files.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { onReload } from '../../registry/runtime/reload.ts';
import { type Htpasswd, readHtpasswd } from './read.ts';

/** A change of the file is seen within this time. */
const LOOK_EVERY_MS = 1000;
const FILE_MAX_BYTES = 16 * 1024 * 1024;

/** An htpasswd file that is read again when it changes. */
export class HtpasswdFile implements Disposable {
  readonly #path: string;
  readonly #logger: Log;
  #accounts: Htpasswd;
  #version: string;
  #lookedAtMs = performance.now();
  #looking: Promise<void> | undefined;
  readonly #onReload: Disposable;

  /** Throws an Error that names the file, the line and what was expected there. */
  static async open(path: string, logger: Log): Promise<HtpasswdFile> {
    const { accounts, version } = await load(path);
    if (accounts.hashes.size === 0)
      logger.warn({ path }, 'the htpasswd file holds no accounts: nobody can log in by it');
    return new HtpasswdFile(path, logger, accounts, version);
  }

  private constructor(path: string, logger: Log, accounts: Htpasswd, version: string) {
    this.#path = path;
    this.#logger = logger;
    this.#accounts = accounts;
    this.#version = version;
    this.#onReload = onReload(() => void this.#lookOnce());
  }

  [Symbol.dispose](): void {
    this.#onReload[Symbol.dispose]();
  }

  /** What stands there, or stood there a moment ago. */
  async accounts(): Promise<Htpasswd> {
    if (performance.now() - this.#lookedAtMs >= LOOK_EVERY_MS) await this.#lookOnce();
    return this.#accounts;
  }

  #lookOnce(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#lookedAtMs = performance.now();
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** What cannot be read changes nothing: it may be half written. */
  async #look(): Promise<void> {
    let version = 'none';
    try {
      version = await versionOf(this.#path);
      if (version === this.#version) return;
      const read = await load(this.#path);
      this.#accounts = read.accounts;
      this.#version = read.version;
      this.#logger.info(
        { path: this.#path, accounts: read.accounts.hashes.size },
        'the htpasswd file was read again',
      );
    } catch (error) {
      // Told once for each state of the file.
      if (version === this.#version) return;
      this.#version = version;
      this.#logger.error(
        { path: this.#path, reason: (error as Error).message },
        'the htpasswd file has changed and cannot be used: what it held before still holds',
      );
    }
  }
}

async function load(path: string): Promise<{ accounts: Htpasswd; version: string }> {
  try {
    // Looked at before it is read: what changes in between is seen the next time.
    const version = await versionOf(path);
    return { accounts: readHtpasswd(await readFile(path, 'utf8')), version };
  } catch (error) {
    throw new OperatorError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  if (size > FILE_MAX_BYTES) throw new Error(`expected ${FILE_MAX_BYTES} bytes at most`);
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}
