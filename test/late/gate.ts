import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';
import type { MadeWrite } from './post.ts';
import { requestOf } from './requests.ts';

/**
 * A process's way to its store, on which the process is paused right before one of its writes: from then until it is woken
 * nothing that it asks for is done, and so none of its code gets any further. Each key that it deletes is a write.
 */
export class Gate {
  readonly made: MadeWrite[] = [];
  readonly #number: number | undefined;
  readonly #paused = Promise.withResolvers<void>();
  readonly #woken = Promise.withResolvers<void>();
  #awake: Promise<void> = Promise.resolve();
  /** In which step it is; writes count from the first on. */
  step: number | undefined;

  /** `number`: of the write to pause at, from 1; none unless given. */
  constructor(number?: number) {
    this.#number = number;
  }

  /** Settles when it is paused. */
  get paused(): Promise<void> {
    return this.#paused.promise;
  }

  /** Has it go on. */
  wake(): void {
    this.#woken.resolve();
  }

  /** A store, as one gets to it from here. */
  readonly over = (objects: ObjectStore): ObjectStore =>
    intercepted(objects, async ({ name, args, proceed }) => {
      if (name !== 'delete') return this.#pass(name, args, () => proceed());
      const [keys, ...more] = args as Parameters<ObjectStore['delete']>;
      for (const key of keys) await this.#pass(name, [[key], ...more], () => objects.delete([key], ...more));
      return undefined;
    });

  async #pass(name: string | symbol, args: readonly unknown[], proceed: () => unknown): Promise<unknown> {
    const request = requestOf(name, args);
    if (request && this.step !== undefined) {
      this.made.push({ request, step: this.step });
      if (this.made.length === this.#number) {
        this.#awake = this.#woken.promise;
        this.#paused.resolve();
      }
    }
    await this.#awake;
    return proceed();
  }
}
