import { checkObjectKey } from '../object-key.ts';

/**
 * The objects' names, which are those of Distribution 2.x (`swiftPath` of its swift driver): `<prefix>/files/<key>`.
 * Its segments are at `<prefix>/segments/<3 hex>/<hex>/<16 digits>` (the hex is the upload's path and random bytes in 2.8,
 * a hash of both in 3); ours are next to them, in one group for each object written:
 * `<prefix>/segments/roadstead/<uuid>/…`. Slashes doubled by the prefix stay.
 */
export class Names {
  readonly container: string;
  /** Before every key. */
  readonly files: string;
  /** Before every segment, Distribution's and ours. */
  readonly segments: string;
  /** Before every segment of ours. */
  readonly ownSegments: string;

  constructor(container: string, prefix: string) {
    this.container = container;
    this.files = `${prefix}/files/`.replace(/^\/+/, '');
    this.segments = `${prefix}/segments/`.replace(/^\/+/, '');
    this.ownSegments = `${this.segments}roadstead/`;
  }

  /** The object of a key. Throws on an illegal key: a mistake of ours, never a client's. */
  ofKey(key: string): string {
    checkObjectKey(key);
    return this.files + key;
  }

  /** The group of a segment; undefined for objects that are not segments of ours or Distribution's. */
  groupOf(name: string): string | undefined {
    if (!name.startsWith(this.segments)) return undefined;
    const rest = name.slice(this.segments.length);
    const group = /^(?:roadstead\/[0-9a-f-]{36}|[0-9a-f]{3}\/[0-9a-f]{37,})\//.exec(rest)?.[0];
    return group && this.segments + group;
  }

  /** Path and name as in requests, below the account's URL. */
  path(name?: string): string {
    return encoded(name === undefined ? this.container : `${this.container}/${name}`);
  }

  /** Path and name as in manifests. */
  inManifest(name: string): string {
    return `/${this.container}/${name}`;
  }

  /** The object behind a path in a manifest; undefined if it is in another container. */
  fromManifest(path: string): string | undefined {
    const before = `/${this.container}/`;
    return path.startsWith(before) ? path.slice(before.length) : undefined;
  }
}

function encoded(path: string): string {
  return `/${path.split('/').map(encodeURIComponent).join('/')}`;
}
