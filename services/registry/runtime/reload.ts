const listeners = new Set<() => void>();

/**
 * Calls a listener whenever the operator asks for files to be read again (SIGHUP), until it is disposed. Followed files
 * are polled anyway: this only makes it happen at once.
 */
export function onReload(listener: () => void): Disposable {
  // A new function, so that one listener registered twice is called twice and disposed one by one.
  const own = () => listener();
  listeners.add(own);
  return { [Symbol.dispose]: () => void listeners.delete(own) };
}

/** Makes every listener read its files now. Returns the number of listeners. */
export function reloadNow(): number {
  for (const listener of listeners) listener();
  return listeners.size;
}
