/** A call that a test may count, delay, change, refuse or answer itself. */
export interface Call<T> {
  readonly name: keyof T;
  readonly args: readonly unknown[];
  /** Makes the call, with its own arguments unless others are given. */
  proceed(args?: readonly unknown[]): unknown;
}

/**
 * A store, or another object with methods, whose calls come to `around` first; its result is that of the call. The one
 * way to inject faults and delays, and to count requests.
 */
export function intercepted<T extends object>(inner: T, around: (call: Call<T>) => unknown): T {
  return new Proxy(inner, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return (...args: readonly unknown[]) =>
        around({
          name: name as keyof T,
          args,
          proceed: (others = args) => Reflect.apply(method, target, others),
        });
    },
  });
}
