const listeners = new Set<() => void>();

/**
 * Calls a listener whenever the operator asks for files to be read again (SIGHUP), until it is disposed. What
 * follows files looks at them by itself, too: this only makes it look at once.
 */
export function onReload(listener: () => void): Disposable {
  // Of its own, so that one function given twice is called twice and disposed one by one.
  const own = () => listener();
  listeners.add(own);
  return { [Symbol.dispose]: () => void listeners.delete(own) };
}

/** Has everything that follows files look at them now. Answers with how many there are that do. */
export function reloadNow(): number {
  for (const listener of listeners) listener();
  return listeners.size;
}
