import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What this program was made from. */
export interface Version {
  readonly version: string;
  /** The commit, with `+changes` if files differed from it; undefined if unknown. */
  readonly commit?: string | undefined;
}

/** Defined by the build only (infra/build/bundle.ts): a bundle has no package.json and no repository around it. */
declare const ROADSTEAD_VERSION: Version | undefined;

const isBundled = typeof ROADSTEAD_VERSION !== 'undefined';
/** Of a source tree only: a bundle may lie anywhere. */
const ROOT = new URL('../..', import.meta.url);

/** This release's version. */
export const version = isBundled ? ROADSTEAD_VERSION.version : versionOfSources();

/** The version and the commit. Costs a run of git in a clone. */
export function fullVersion(): Version {
  return isBundled ? ROADSTEAD_VERSION : { version, commit: commitOf(fileURLToPath(ROOT)) };
}

/** What `roadstead --version` prints. */
export function versionLine(): string {
  const { version, commit } = fullVersion();
  return commit === undefined ? version : `${version} (commit ${commit})`;
}

function versionOfSources(): string {
  const file = readFileSync(new URL('package.json', ROOT), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(file)).version;
}

function commitOf(root: string): string | undefined {
  // Not left to git to find: a tree without its own repository may lie in another one.
  if (!existsSync(`${root}.git`)) return undefined;
  const where = [`--git-dir=${root}.git`, `--work-tree=${root}`];
  const describe = ['describe', '--always', '--exclude=*', '--abbrev=7', '--dirty=+changes'];
  try {
    return execFileSync('git', [...where, ...describe], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
