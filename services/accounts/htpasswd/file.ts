import { readFile, stat } from '../../files/settings-files.ts';
import { Followed } from '../../registry/runtime/followed.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { messageOf } from '../../registry/runtime/message-of.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { type Htpasswd, readHtpasswd } from './read.ts';

const FILE_MAX_BYTES = 16 * 1024 * 1024;

/**
 * An htpasswd file that is read again when it changes, to be asked for its `current` value. Throws an Error that names
 * the file, the line and what was expected there.
 */
export async function followHtpasswd(path: string, logger: Log): Promise<Followed<Htpasswd>> {
  const look = async () => ({
    // Before the file is read: a change in between is seen at the next look.
    version: await versionOf(path),
    parse: async () => readHtpasswd(await readFile(path, 'utf8')),
  });
  const onTrouble = (reason: string) =>
    logger.error(
      { path, reason },
      'the htpasswd file has changed and cannot be used: the old accounts stay in use',
    );
  const file = await Followed.open({ look, onTrouble }).catch((error: unknown) => {
    throw new OperatorError(`${path}: ${messageOf(error)}`, { cause: error });
  });
  if (file.value.hashes.size === 0)
    logger.warn({ path }, 'the htpasswd file holds no accounts: nobody can log in by it');
  return file
    .onChange(({ hashes }) =>
      logger.info({ path, accounts: hashes.size }, 'the htpasswd file was read again'),
    )
    .follow();
}

async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  if (size > FILE_MAX_BYTES) throw new Error(`expected ${FILE_MAX_BYTES} bytes at most`);
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}
