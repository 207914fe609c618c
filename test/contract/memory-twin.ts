import type { ListPage, ListRequest } from '../../services/registry/storage/object-store.ts';

/** What a list of keys has to answer, written as plainly as can be: the dull twin that drivers are compared with. */
export function listByHand(keys: Iterable<string>, request: ListRequest): ListPage {
  const { prefix, startAfter, delimiter, limit } = request;
  const found = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const slash = delimiter === undefined ? -1 : key.indexOf('/', prefix.length);
    found.add(slash < 0 ? key : key.slice(0, slash + 1));
  }
  const wanted = [...found]
    .filter((name) => startAfter === undefined || inByteOrder(name, startAfter) > 0)
    .sort(inByteOrder);
  const page = wanted.slice(0, limit);
  return {
    keys: page.filter((name) => !name.endsWith('/')),
    prefixes: page.filter((name) => name.endsWith('/')),
    next: wanted.length > limit ? page.at(-1) : undefined,
  };
}

/** Compares as the bytes of the keys do, which is not how JavaScript compares strings. */
export function inByteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
