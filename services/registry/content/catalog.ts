import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { REPOSITORIES_PREFIX, repositoryManifestsPrefix } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { inNameOrder } from './name-order.ts';

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
  async list(
    page: { readonly last: string | undefined; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<{ repositories: RepositoryName[]; more: boolean }> {
    const repositories: RepositoryName[] = [];
    if (page.limit === 0) return { repositories, more: false };
    const { last = '' } = page;
    const exists = async (name: string) =>
      isRepositoryName(name) && (await this.#holdsManifests(name, signal)) ? name : undefined;
    for await (const name of inNameOrder(this.#walk('', last, signal), last, exists)) {
      if (repositories.length === page.limit) return { repositories, more: true };
      repositories.push(name);
    }
    return { repositories, more: false };
  }

  /** Every repository that holds manifests, in the order of the store's keys. */
  all(signal?: AbortSignal): AsyncGenerator<RepositoryName> {
    return this.#walk('', '', signal);
  }

  /** Repositories below `parent` in the order of the store's keys, from the first that can sort after `last`. */
  async *#walk(parent: string, last: string, signal?: AbortSignal): AsyncGenerator<RepositoryName> {
    const prefix = REPOSITORIES_PREFIX + parent;
    const isOnTheWay = last !== '' && last.startsWith(parent);
    const first = isOnTheWay ? (last.slice(parent.length).split('/')[0] ?? '') : '';
    const request = { prefix, delimiter: '/' as const, ...(first && { startAfter: prefix + first }) };
    for await (const { key, isPrefix } of listAll(this.#objects, request, signal)) {
      const part = key.slice(prefix.length, -1);
      // Names never begin so: it is what a repository is made of.
      if (!isPrefix || part.startsWith('_')) continue;
      const name = parent + part;
      if (isRepositoryName(name) && (await this.#holdsManifests(name, signal))) yield name;
      yield* this.#walk(`${name}/`, last, signal);
    }
  }

  async #holdsManifests(name: RepositoryName, signal?: AbortSignal): Promise<boolean> {
    const page = await this.#objects.list({ prefix: repositoryManifestsPrefix(name), limit: 1 }, signal);
    return page.keys.length > 0;
  }
}
