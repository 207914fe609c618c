import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { REPOSITORIES_PREFIX, repositoryManifestsPrefix } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { firstOf, inNameOrder } from './name-order.ts';

/** The repositories of a store, straight from its listing: there is no index that could be wrong. */
export class Catalog {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /**
   * A page of the repositories that hold manifests, in one total order, that of the names' bytes. Costs a few
   * listings for each repository of the page, however many there are.
   */
  async list(page: {
    readonly last: string | undefined;
    readonly limit: number;
  }): Promise<{ repositories: RepositoryName[]; more: boolean }> {
    const { last = '' } = page;
    const exists = async (name: string) =>
      isRepositoryName(name) && (await this.#holdsManifests(name)) ? name : undefined;
    const { first, more } = await firstOf(inNameOrder(this.#walk('', last), last, exists), page.limit);
    return { repositories: first, more };
  }

  /** Every repository that holds manifests, in the order of the store's keys. */
  all(): AsyncGenerator<RepositoryName> {
    return this.#walk('', '');
  }

  /** Repositories below `parent` in the order of the store's keys, from the first that can sort after `last`. */
  async *#walk(parent: string, last: string): AsyncGenerator<RepositoryName> {
    const prefix = REPOSITORIES_PREFIX + parent;
    const isOnTheWay = last !== '' && last.startsWith(parent);
    const first = isOnTheWay ? (last.slice(parent.length).split('/')[0] ?? '') : '';
    const request = { prefix, delimiter: '/' as const, ...(first && { startAfter: prefix + first }) };
    for await (const { key, isPrefix } of listAll(this.#objects, request)) {
      const part = key.slice(prefix.length, -1);
      // Names never begin so: it is what a repository is made of.
      if (!isPrefix || part.startsWith('_')) continue;
      const name = parent + part;
      if (isRepositoryName(name) && (await this.#holdsManifests(name))) yield name;
      yield* this.#walk(`${name}/`, last);
    }
  }

  async #holdsManifests(name: RepositoryName): Promise<boolean> {
    const page = await this.#objects.list({ prefix: repositoryManifestsPrefix(name), limit: 1 });
    return page.keys.length > 0;
  }
}
