import pMap from 'p-map';

/**
 * Acts on each of several things, a bounded number at once. After a failure it begins nothing more, and rejects when all
 * that had begun has ended: its caller may then count on no request being under way.
 */
export async function forEachSettled<T>(
  things: Iterable<T>,
  act: (thing: T) => Promise<unknown>,
  options: { readonly concurrency: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { concurrency, signal } = options;
  const underWay = new Set<Promise<unknown>>();
  const begin = async (thing: T) => {
    const acting = act(thing);
    underWay.add(acting);
    await acting.finally(() => underWay.delete(acting));
  };
  try {
    await pMap(things, begin, { concurrency, ...(signal && { signal }) });
  } catch (error) {
    await Promise.allSettled(underWay);
    throw error;
  }
}
