import { isRepositoryName, isTag } from '../oci/names.ts';
import { BLOBS_PREFIX, OWN_PREFIX, REPOSITORIES_PREFIX } from './layout.ts';
import type { ObjectStore, Unlisted } from './object-store.ts';

/** A store that lists in another way. */
export function listingBy(objects: ObjectStore, list: ObjectStore['list']): ObjectStore {
  return new Proxy(objects, {
    get(target, name) {
      if (name === 'list') return list;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A sentence about something that cannot be listed, without its full stop: what it is, and what to do. */
export function describeUnlisted({ key, is, remedy }: Unlisted): string {
  return `${key} ${is}, so what lies behind it is unknown: ${remedy}`;
}

const BLOB_PATH = /^sha256(?:\/[0-9a-f]{2}(?:\/[0-9a-f]{64}(?:\/data)?)?)?$/;
/** Names that this registry and Distribution give, unlike `lost+found`. */
const OWN_PATH = /^[\w.:-]+(?:\/[\w.:-]+)*$/;

/**
 * Whether content could be pulled or kept through the object at a key: false for foreign entries of directories
 * (`lost+found`), and for parts of a repository that protect nothing from collection.
 */
export function mayLeadToContent(key: string): boolean {
  for (const prefix of [REPOSITORIES_PREFIX, BLOBS_PREFIX, OWN_PREFIX])
    if (prefix.startsWith(`${key}/`)) return true;
  if (key.startsWith(BLOBS_PREFIX)) return BLOB_PATH.test(key.slice(BLOBS_PREFIX.length));
  if (key.startsWith(OWN_PREFIX)) return OWN_PATH.test(key.slice(OWN_PREFIX.length));
  return key.startsWith(REPOSITORIES_PREFIX) && mayLeadToManifests(key.slice(REPOSITORIES_PREFIX.length));
}

function mayLeadToManifests(path: string): boolean {
  // No part of a repository's name begins with an underscore, and every part of a repository does.
  const at = `/${path}`.indexOf('/_');
  if (at < 0) return isRepositoryName(path);
  const [part, kind, name, ...rest] = path.slice(at).split('/');
  if (!isRepositoryName(path.slice(0, Math.max(0, at - 1)))) return false;
  if (part === '_layers') return [kind, name, ...rest].every(isOwnName);
  if (part !== '_manifests') return false;
  if (kind === 'tags') return name === undefined || isTag(name);
  return kind === undefined || (kind === 'revisions' && [name, ...rest].every(isOwnName));
}

/** Whether this registry or Distribution may give an object or a directory this name; not `lost+found`. */
export function isOwnName(name: string | undefined): boolean {
  return name === undefined || OWN_PATH.test(name);
}
