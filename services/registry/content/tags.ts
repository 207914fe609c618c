import type { Digest } from '../digest.ts';
import { tagCurrentKey, tagIndexKey, tagsPrefix } from '../layout.ts';
import type { RepositoryName, Tag } from '../names.ts';
import { listAll, type ObjectStore } from '../object-store.ts';
import { readLink, writeLink } from './link.ts';

/** Tags, straight from the store. */
export class Tags {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** The manifest that a tag names now. */
  resolve(name: RepositoryName, tag: Tag, signal?: AbortSignal): Promise<Digest | undefined> {
    return readLink(this.#objects, tagCurrentKey(name, tag), signal);
  }

  /**
   * Moves a tag. The write of `current` is the moment: before it the old manifest is served, after it the new one. It
   * comes before its entry in the tag's history, or a new tag could be listed that names nothing yet.
   */
  async move(name: RepositoryName, tag: Tag, digest: Digest, signal?: AbortSignal): Promise<void> {
    const options = signal && { signal };
    await writeLink(this.#objects, tagCurrentKey(name, tag), digest, options);
    await writeLink(this.#objects, tagIndexKey(name, tag, digest), digest, options);
  }

  /**
   * A page of tags in one total order, that of the names' bytes: the store lists `<tag>/`, whose order is another
   * (`1.0-a/` comes before `1.0/`).
   */
  async list(
    name: RepositoryName,
    page: { readonly last: string | undefined; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<{ tags: string[]; more: boolean }> {
    const prefix = tagsPrefix(name);
    const tags: string[] = [];
    for await (const entry of listAll(this.#objects, { prefix, delimiter: '/' }, signal))
      if (entry.isPrefix) tags.push(entry.key.slice(prefix.length, -1));
    const { last } = page;
    const rest = tags.sort(byBytes).filter((tag) => last === undefined || byBytes(tag, last) > 0);
    return { tags: rest.slice(0, page.limit), more: rest.length > page.limit };
  }
}

/** Tags are ASCII, where UTF-16 order is byte order. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
