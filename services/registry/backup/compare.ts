import { listAll, type ObjectStore, type Unlisted } from '../storage/object-store.ts';

/** A key, and which of two stores has it. */
export interface Compared {
  readonly key: string;
  readonly inSource: boolean;
  readonly inTarget: boolean;
}

export interface CompareOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called for what the source has, and cannot list. */
  readonly onUnlisted?: (entry: Unlisted) => void;
}

/** The keys below a prefix that one of two stores has, in their order, with a page of each in memory. */
export async function* compareStores(
  source: ObjectStore,
  target: ObjectStore,
  prefix: string,
  { signal, onUnlisted }: CompareOptions = {},
): AsyncGenerator<Compared> {
  const ours = listAll(source, { prefix, ...(onUnlisted && { onUnlisted }) }, signal);
  const theirs = listAll(target, { prefix }, signal);
  let [a, b] = await Promise.all([ours.next(), theirs.next()]);
  while (!(a.done && b.done)) {
    const [left, right] = [a.done ? undefined : a.value.key, b.done ? undefined : b.value.key];
    // Keys are of ASCII, so that their order is that of their bytes.
    const inSource = left !== undefined && (right === undefined || left <= right);
    const inTarget = right !== undefined && (left === undefined || right <= left);
    yield { key: (inSource ? left : right) ?? '', inSource, inTarget };
    if (inSource) a = await ours.next();
    if (inTarget) b = await theirs.next();
  }
}
