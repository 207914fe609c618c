import type { Daemon } from '../../support/process.ts';

/**
 * Who is measured. `lean` is Roadstead without its access log and without syncing files; `few-tags` and `many-tags`
 * are the same one asked about repositories of different sizes; `nobody`, `elsewhere` and `here` are the same one, by
 * where others try to log in meanwhile; `anonymous` and `authorised` are one that has a door for tokens, asked without a
 * token and with one.
 */
export type Contender =
  | 'bare'
  | 'roadstead'
  | 'lean'
  | 'docker-registry'
  | 'few-tags'
  | 'many-tags'
  | 'nobody'
  | 'elsewhere'
  | 'here'
  | 'anonymous'
  | 'authorised';

/** A server under measurement. */
export interface Server {
  readonly url: string;
  readonly daemon: Daemon;
}

/** A registry on a directory in Distribution's layout. */
export interface RegistryServer extends Server {
  readonly rootDirectory: string;
}

/** Where a store in Distribution's layout keeps a blob. */
export function blobFile(rootDirectory: string, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return `${rootDirectory}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
}
