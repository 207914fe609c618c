import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { LoginPriority } from '../../registry/access/account.ts';
import { LoginQueue } from '../login-queue.ts';
import type { Compared, ToCompare } from './hash-worker.ts';

/** With hashes of the usual cost 10, the last in this queue waits about two seconds. */
const WAITING_MAX = 32;
/** Low-priority threads get little CPU on a machine that is busy with pulls. */
const WAIT_MAX_MS = 5000;

/** One CPU stays free for requests; more than four threads would only help guessers. */
const THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));

/**
 * Compares passwords with bcrypt hashes in threads of its own. Each comparison costs tens of milliseconds by design; so
 * that clients cannot keep a registry busy with them, the threads have a low priority, and their number and queue are
 * bounded.
 */
export class Hasher implements AsyncDisposable {
  readonly #turns = new LoginQueue({ atOnce: THREADS, waiting: WAITING_MAX, waitMaxMs: WAIT_MAX_MS });
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #count = 0;

  /** The number of comparisons begun. */
  get count(): number {
    return this.#count;
  }

  /** Whether the password is the hash's. Throws TOO_MANY_REQUESTS when too many others are waiting. */
  compare(password: string, hash: string, priority?: LoginPriority): Promise<boolean> {
    return this.#turns.run(async () => {
      const worker = this.#idle.pop() ?? this.#start();
      const isSame = await this.#ask(worker, { id: ++this.#count, password, hash });
      this.#idle.push(worker);
      return isSame;
    }, priority);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./hash-worker.ts', import.meta.url));
    // An idle thread must not keep the process running.
    worker.unref();
    this.#all.add(worker);
    worker.once('exit', () => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    return worker;
  }

  async #ask(worker: Worker, question: ToCompare): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const onMessage = ({ id, isSame }: Compared) => {
      if (id === question.id) resolve(isSame);
    };
    const onExit = () => reject(new Error('the thread that compares passwords ended'));
    worker.on('message', onMessage).once('error', reject).once('exit', onExit);
    worker.ref();
    worker.postMessage(question);
    try {
      return await promise;
    } finally {
      worker.off('message', onMessage).off('error', reject).off('exit', onExit);
      worker.unref();
    }
  }
}
