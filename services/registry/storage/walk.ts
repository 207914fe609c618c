import { isRepositoryName, type RepositoryName } from '../oci/names.ts';
import { REPOSITORIES_PREFIX } from './layout.ts';
import { listAll, type ObjectStore } from './object-store.ts';

const PARTS = new Set(['_layers', '_manifests', '_roadstead', '_uploads']);

/** An entry among the repositories. */
export type Found =
  | { readonly kind: 'repository'; readonly name: RepositoryName }
  /** A key, or a prefix ending in `/`; of a repository if only its invalid name keeps it from being served. */
  | { readonly kind: 'stray'; readonly key: string; readonly isRepository: boolean };

/**
 * Every repository of a store, even without manifests, in the order of its keys, and stray entries. Costs a few listings
 * per repository, and no memory.
 */
export async function* walkRepositories(objects: ObjectStore, signal?: AbortSignal): AsyncGenerator<Found> {
  yield* walk(objects, '', signal);
}

async function* walk(objects: ObjectStore, parent: string, signal?: AbortSignal): AsyncGenerator<Found> {
  const prefix = REPOSITORIES_PREFIX + parent;
  const name = parent.slice(0, -1);
  let isYielded = false;
  for await (const { key, isPrefix } of listAll(objects, { prefix, delimiter: '/' }, signal)) {
    const part = key.slice(prefix.length, isPrefix ? -1 : undefined);
    if (isPrefix && !part.startsWith('_')) yield* walk(objects, `${parent}${part}/`, signal);
    else if (!isPrefix || !PARTS.has(part) || !isRepositoryName(name))
      yield { kind: 'stray', key, isRepository: part === '_manifests' || part === '_layers' };
    else if (!isYielded) {
      isYielded = true;
      yield { kind: 'repository', name };
    }
  }
}
