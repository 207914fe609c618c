import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { filesOf } from '../../config/files.ts';
import type { ReloadedKey } from '../../config/reloading.ts';
import type { Config } from '../../config/schema.ts';
import { readFile } from '../../files/settings-files.ts';

/** Hashes by key. */
type Prints = ReadonlyMap<string, string>;

/** Files that are read when the accounts are opened, and not followed. */
const UNFOLLOWED = /^accounts\.\d+\.(?:keystone|oidc)\.rootcas/;

/** Whether files have changed that nobody follows: what reads them is opened again, as if its settings had changed. */
export class FilePrints {
  #known: Prints = new Map();

  /** Reads the files of a configuration; those that cannot be read count as empty. */
  async read(config: Config): Promise<Prints> {
    const files = filesOf(config).filter(({ key }) => UNFOLLOWED.test(key));
    const prints = await Promise.all(
      files.map(async ({ key, path }) => {
        const bytes = await readFile(path).catch(() => '');
        return [key, createHash('sha256').update(bytes).digest('hex')] as const;
      }),
    );
    return new Map(prints);
  }

  /** The settings to open again. */
  changed(prints: Prints): readonly ReloadedKey[] {
    return isDeepStrictEqual(prints, this.#known) ? [] : ['accounts'];
  }

  /** To be called when these files are in use. */
  use(prints: Prints): void {
    this.#known = prints;
  }
}
