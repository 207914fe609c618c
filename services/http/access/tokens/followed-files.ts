import { hash } from 'node:crypto';
import { Followed } from '../../../registry/runtime/followed.ts';
import type { Log } from '../../../registry/runtime/log.ts';
import { type NamedFile, readNamed } from '../../named-files.ts';

/** How often files are read. A key has to be in its file for longer than this before it is used. */
const POLL_MS = 5000;

/** Follows files with keys of tokens. Throws an Error that names the configuration key, or what `parse` throws. */
export async function followKeys<T>(
  files: readonly NamedFile[],
  parse: (texts: readonly string[]) => T,
  log: Log,
): Promise<Followed<T>> {
  const keys = await Followed.open({
    // Read, not only looked at: network file systems show a change of a file at once only to those that open it.
    look: async () => {
      const texts = await Promise.all(files.map(async (file) => String(await readNamed(file))));
      return { version: hash('sha256', JSON.stringify(texts)), parse: () => parse(texts) };
    },
    onTrouble: (trouble) => log.error({ trouble }, 'keys of tokens cannot be used; the old ones stay in use'),
  });
  return keys
    .onChange(() => log.info({ files: files.map(({ path }) => path) }, 'new keys of tokens are in use'))
    .follow(POLL_MS);
}
