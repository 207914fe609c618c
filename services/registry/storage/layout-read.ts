import type { Algorithm, Digest, Sha256Digest } from '../oci/digest.ts';
import { isDigest, isSha256 } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { BLOBS_PREFIX, REPOSITORIES_PREFIX } from './layout.ts';

/** Prefix of one part of a repository; nested repositories are next to these parts. */
export const partPrefix = (
  name: RepositoryName,
  part: '_layers' | '_roadstead' | '_uploads' | '_roadstead/referrers',
) => `${REPOSITORIES_PREFIX}${name}/${part}/`;

/** The remains of an interrupted write of Distribution 3: `<path>.<uuid>.tmp`. */
export function isLeftover(key: string): boolean {
  return /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(key);
}

/** The digest in a key that continues with `<algorithm>/<digits>/link` after a prefix. */
export function digestOfLink(key: string, prefix: string): Digest | undefined {
  return key.endsWith('/link') ? digestOfPath(key.slice(prefix.length, -'/link'.length)) : undefined;
}

const KNOWN: ReadonlySet<string> = new Set<Algorithm>(['sha256', 'sha512']);

/**
 * Whether a key continues with `<algorithm>/<digits>/link` after a prefix, with an unknown algorithm: a registry that
 * knows the algorithm may serve content by it.
 */
export function isUnknownDigestLink(key: string, prefix: string): boolean {
  const [, algorithm = ''] = /^([a-z0-9+._-]+)\/[0-9a-f]{32,}\/link$/.exec(key.slice(prefix.length)) ?? [];
  return algorithm !== '' && !KNOWN.has(algorithm);
}

/** The digest of a path `<algorithm>/<digits>`. */
export function digestOfPath(path: string): Digest | undefined {
  const digest = path.replace('/', ':');
  return isDigest(digest) ? digest : undefined;
}

/** The digest of a blob's data key. */
export function digestOfData(key: string): Sha256Digest | undefined {
  const [algorithm, shard, hex, file, ...rest] = key.slice(BLOBS_PREFIX.length).split('/');
  const digest = `${algorithm satisfies Algorithm | string | undefined}:${hex}`;
  const isData = file === 'data' && rest.length === 0 && hex?.slice(0, 2) === shard;
  return isData && isSha256(digest) ? digest : undefined;
}
