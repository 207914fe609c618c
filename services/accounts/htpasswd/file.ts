import { readFile, stat } from 'node:fs/promises';
import type { Log } from '../../registry/log.ts';
import { type Entries, readHtpasswd } from './read.ts';

/** A change of the file is seen within this time. */
const LOOK_EVERY_MS = 1000;
const FILE_MAX_BYTES = 16 * 1024 * 1024;

/** An htpasswd file that is read again when it changes. */
export class HtpasswdFile {
  readonly #path: string;
  readonly #logger: Log;
  #entries: Entries;
  #version: string;
  #lookedAtMs = performance.now();
  #looking: Promise<void> | undefined;

  /** Throws an Error that names the file, the line and what was expected there. */
  static async open(path: string, logger: Log): Promise<HtpasswdFile> {
    const { entries, version } = await load(path);
    if (entries.size === 0)
      logger.warn({ path }, 'the htpasswd file holds no accounts: nobody can log in by it');
    return new HtpasswdFile(path, logger, entries, version);
  }

  private constructor(path: string, logger: Log, entries: Entries, version: string) {
    this.#path = path;
    this.#logger = logger;
    this.#entries = entries;
    this.#version = version;
  }

  /** What stands there, or stood there a moment ago. */
  async entries(): Promise<Entries> {
    if (performance.now() - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#looking ??= this.#look().finally(() => {
        this.#lookedAtMs = performance.now();
        this.#looking = undefined;
      });
      await this.#looking;
    }
    return this.#entries;
  }

  /** What cannot be read changes nothing: it may be half written. */
  async #look(): Promise<void> {
    let version = 'none';
    try {
      version = await versionOf(this.#path);
      if (version === this.#version) return;
      const read = await load(this.#path);
      this.#entries = read.entries;
      this.#version = read.version;
      this.#logger.info(
        { path: this.#path, accounts: read.entries.size },
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

async function load(path: string): Promise<{ entries: Entries; version: string }> {
  try {
    // Looked at before it is read: what changes in between is seen the next time.
    const version = await versionOf(path);
    return { entries: readHtpasswd(await readFile(path, 'utf8')), version };
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  if (size > FILE_MAX_BYTES) throw new Error(`expected ${FILE_MAX_BYTES} bytes at most`);
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}
