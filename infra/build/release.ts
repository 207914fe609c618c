import { execFileSync } from 'node:child_process';
import { fullVersion, type Version } from '../../services/serve/version.ts';
import { ROOT } from './root.ts';

/** Of sources without a repository: 1980, the oldest time that every archive format can store. */
const OLDEST_EPOCH = 315_532_800;

/** What a build makes: every artifact has the same version and the same time. */
export interface Release extends Version {
  readonly arch: 'x64' | 'arm64';
  /** The time of every file, in seconds since 1970: SOURCE_DATE_EPOCH, or the commit's. */
  readonly epochSeconds: number;
}

/** The release that this source tree makes; a label replaces the version of package.json. */
export function releaseOf(label?: string): Release {
  const { version, commit } = fullVersion();
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64')
    throw new Error(`no Node is brought for ${arch}: only x64 and arm64`);
  return { version: label ?? version, commit, arch, epochSeconds: epochSeconds() };
}

function epochSeconds(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  try {
    const args = ['-C', ROOT, 'log', '-1', '--format=%ct'];
    return Number(execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return OLDEST_EPOCH;
  }
}
