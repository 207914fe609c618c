import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cliOf } from '../support/cli.ts';
import type { DefineSuite } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

/**
 * The commit whose version still runs in the field when this one is rolled out: the last one before the house was
 * rearranged. It moves forward with each release.
 */
const OLDER_COMMIT = '75df8fae9bd4cbc94b09d967c13185035e9dbc37';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const exec = promisify(execFile);

const isThere = await exec('git', ['cat-file', '-e', `${OLDER_COMMIT}^{commit}`], { cwd: ROOT }).then(
  () => true,
  () => false,
);

/**
 * `describe` for suites that run the older version. In a clone without its history they count as skipped; in CI the
 * suite fails.
 */
export const withOlderVersion: DefineSuite = (title, body) => {
  if (isThere) return describe(title, body);
  return describe(title, () => {
    const reason = `needs commit ${OLDER_COMMIT}: clone with the whole history`;
    if (process.env['CI'] === 'true')
      it('has the older version', () => {
        throw new Error(reason);
      });
    describe.skip(reason, body);
  });
};

/**
 * The older version's source tree, beside today's dependencies; removed when it is disposed. What only the older version
 * depends on is a development dependency (rate-limiter-flexible).
 */
export interface OlderVersion extends AsyncDisposable {
  /** What Node has to be given to run its `roadstead`. */
  readonly program: readonly string[];
}

/** Checks the older version out into a directory of its own. */
export async function checkOutOlderVersion(): Promise<OlderVersion> {
  const home: TempDir = await tempDir('older');
  const archive = join(home.path, 'older.tar');
  await exec('git', ['archive', '-o', archive, OLDER_COMMIT, 'services', 'package.json', 'infra'], {
    cwd: ROOT,
  });
  await exec('tar', ['-xf', archive, '-C', home.path]);
  await symlink(join(ROOT, 'node_modules'), join(home.path, 'node_modules'));
  return {
    program: cliOf(home.path),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}
