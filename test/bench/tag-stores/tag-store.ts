import type { Server } from '../servers/server.ts';

/** A Roadstead over a store of some kind, and a short way to a repository with many tags in it. */
export interface TagStore extends AsyncDisposable {
  /** What it is over, as the report has it. */
  readonly title: string;
  readonly server: Server;
  /**
   * Makes tags as the layout has them, past the registry: pushing so many would take longer than measuring. What they
   * name is not there.
   */
  makeTags(repository: string, tags: readonly string[]): Promise<void>;
}

/** What stands in a tag's link, for no manifest that there is. */
export const LINK = `sha256:${'0'.repeat(64)}`;

/** The key of a tag's link in the store. */
export function linkKey(repository: string, tag: string): string {
  return `docker/registry/v2/repositories/${repository}/_manifests/tags/${tag}/current/link`;
}
