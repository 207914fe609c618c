import type { Fault, FaultProxy, HeldRequest, SeenRequest } from '../support/fault-proxy.ts';

type Trap = (request: SeenRequest) => Fault;

/** Does something to single requests that change the store. */
export class StoreFaults {
  readonly #traps = new Set<Trap>();

  constructor(proxy: FaultProxy) {
    proxy.rule = (request) => {
      const [trap] = changes(request) ? this.#traps : [];
      return trap?.(request);
    };
  }

  /** Does it to the next one, and returns that; undefined if none comes before the signal aborts. */
  next(fault: Fault, signal: AbortSignal): Promise<SeenRequest | undefined> {
    return this.#trap(signal, (caught) => (request) => {
      caught(request);
      return fault;
    });
  }

  /** Holds the next one: its client has seen the connection break, and the store has not heard of it. */
  holdNext(signal: AbortSignal): Promise<HeldRequest | undefined> {
    // The trap stays until a request was read whole: its client may die before.
    return this.#trap(signal, (caught) => {
      let isCaught = false;
      const onHeld = (held: HeldRequest) => {
        if (isCaught) void held.deliver().catch(() => undefined);
        isCaught = true;
        caught(held);
      };
      return () => ({ kind: 'late', onHeld });
    });
  }

  #trap<T>(signal: AbortSignal, make: (caught: (it: T) => void) => Trap): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const end = (it?: T) => {
      signal.removeEventListener('abort', onAbort);
      this.#traps.delete(trap);
      resolve(it);
    };
    const onAbort = () => end();
    const trap = make(end);
    this.#traps.add(trap);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) end();
    return promise;
  }
}

/** Puts, and deletes of one object or of many; parts of uploads and their ends are posts, too. */
function changes({ method }: SeenRequest): boolean {
  return method === 'PUT' || method === 'DELETE' || method === 'POST';
}
