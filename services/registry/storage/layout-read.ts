import type { Algorithm, Digest, Sha256Digest } from '../oci/digest.ts';
import { isDigest, isSha256 } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import { BLOBS_PREFIX, MIRROR_DOUBTS_PREFIX, REPOSITORIES_PREFIX } from './layout.ts';

/** Prefix of one part of a repository; nested repositories are next to these parts. */
export const partPrefix = (
  name: RepositoryName,
  part: '_layers' | '_roadstead' | '_uploads' | '_roadstead/referrers',
) => `${REPOSITORIES_PREFIX}${name}/${part}/`;

/** Prefix of all parts of a repository, and of nothing else. */
export const partsPrefix = (name: RepositoryName) => `${REPOSITORIES_PREFIX}${name}/_`;

/** The remains of an interrupted write of Distribution 3: `<path>.<uuid>.tmp`. */
export function isLeftover(key: string): boolean {
  return /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(key);
}

/** What an object of a repository is, as far as its key says. Tags are not checked to be valid. */
export type RecordKey =
  | { readonly kind: 'layer' | 'revision' | 'keeper'; readonly named: Digest }
  /** What a tag names now. */
  | { readonly kind: 'tag'; readonly tag: string }
  /** What a tag names or has named. */
  | { readonly kind: 'history'; readonly tag: string; readonly named: Digest }
  | { readonly kind: 'referrer'; readonly subject: Digest; readonly named: Digest }
  /** A link by an algorithm that is unknown here: a registry that knows it may serve content by it. */
  | { readonly kind: 'unknown-digest' };

const LINKS = [
  ['layer', '_layers/'],
  ['revision', '_manifests/revisions/'],
  ['keeper', '_roadstead/keepers/'],
] as const;
const TAG = /^_manifests\/tags\/(.*?)\/(?:current|index\/(.+))\/link$/s;
const REFERRER = /^_roadstead\/referrers\/([^/]+\/[^/]+)\/([^/]+\/[^/]+)$/;

/** The name in a key of a repository; not checked to be valid. */
export function repositoryOf(key: string): string {
  // No part of a repository's name begins with an underscore, and every part of a repository does.
  return key.slice(REPOSITORIES_PREFIX.length, key.indexOf('/_', REPOSITORIES_PREFIX.length - 1));
}

/** The inverse of the layout of a repository; undefined for what neither links to content nor names any. */
export function recordOf(key: string): RecordKey | undefined {
  const path = key.slice(REPOSITORIES_PREFIX.length + repositoryOf(key).length + 1);
  for (const [kind, prefix] of LINKS) {
    if (!path.startsWith(prefix)) continue;
    const named = digestOfLink(path, prefix);
    if (named) return { kind, named };
    return kind !== 'keeper' && isUnknownDigestLink(path, prefix) ? { kind: 'unknown-digest' } : undefined;
  }
  const [isTag, tag = '', entry] = TAG.exec(path) ?? [];
  if (isTag && entry === undefined) return { kind: 'tag', tag };
  const named = digestOfPath(entry ?? '');
  if (named) return { kind: 'history', tag, named };
  const [, of = '', by = ''] = REFERRER.exec(path) ?? [];
  const [subject, referrer] = [digestOfPath(of), digestOfPath(by)];
  return subject && referrer && { kind: 'referrer', subject, named: referrer };
}

/** The digest in a key that continues with `<algorithm>/<digits>/link` after a prefix. */
function digestOfLink(key: string, prefix: string): Digest | undefined {
  return key.endsWith('/link') ? digestOfPath(key.slice(prefix.length, -'/link'.length)) : undefined;
}

const KNOWN: ReadonlySet<string> = new Set<Algorithm>(['sha256', 'sha512']);

function isUnknownDigestLink(key: string, prefix: string): boolean {
  const [, algorithm = ''] = /^([a-z0-9+._-]+)\/[0-9a-f]{32,}\/link$/.exec(key.slice(prefix.length)) ?? [];
  return algorithm !== '' && !KNOWN.has(algorithm);
}

/** The digest of a path `<algorithm>/<digits>`. */
function digestOfPath(path: string): Digest | undefined {
  const digest = path.replace('/', ':');
  return isDigest(digest) ? digest : undefined;
}

/** The node whose doubts are at a key; undefined for any other key. */
export function nodeOfDoubts(key: string): string | undefined {
  if (!key.startsWith(MIRROR_DOUBTS_PREFIX)) return undefined;
  return /^([0-9a-f-]{36})\.json$/.exec(key.slice(MIRROR_DOUBTS_PREFIX.length))?.[1];
}

/** The digest of a blob's data key. */
export function digestOfData(key: string): Sha256Digest | undefined {
  const [algorithm, shard, hex, file, ...rest] = key.slice(BLOBS_PREFIX.length).split('/');
  const digest = `${algorithm satisfies Algorithm | string | undefined}:${hex}`;
  const isData = file === 'data' && rest.length === 0 && hex?.slice(0, 2) === shard;
  return isData && isSha256(digest) ? digest : undefined;
}
