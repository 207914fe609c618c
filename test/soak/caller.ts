import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Acknowledged } from '../audit/acknowledged.ts';
import { type Answer, type Call, Client } from '../faults/client.ts';
import type { Journal } from './journal.ts';
import { PATIENCE_MS } from './settings.ts';
import type { Troubles } from './troubles.ts';

const PAUSE_MS = 150;
/** The registry says that it cannot now, or what stands before it says that nobody answers. */
const NOT_NOW: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** No answer, although it was asked again and again. */
export class GaveUp extends Error {}

/** A client that keeps what it was told to be done. */
class NotingClient extends Client {
  readonly #acknowledged: Acknowledged;

  constructor(url: string, acknowledged: Acknowledged) {
    super(url);
    this.#acknowledged = acknowledged;
  }

  override async call(method: Dispatcher.HttpMethod, target: string, call: Call = {}): Promise<Answer> {
    const answer = await super.call(method, target, call);
    this.#acknowledged.note(method, target, answer);
    return answer;
  }
}

/** A client that tries again, as clients do. */
export class Caller implements AsyncDisposable {
  /** Asks once, and says so when it is not answered as it should be. */
  readonly client: Client;
  readonly #journal: Journal;
  readonly #troubles: Troubles;

  constructor(url: string, journal: Journal, troubles: Troubles, acknowledged: Acknowledged) {
    this.client = new NotingClient(url, acknowledged);
    this.#journal = journal;
    this.#troubles = troubles;
  }

  /** Asks once; undefined when the answer did not come, or not to its end. */
  async once(method: Dispatcher.HttpMethod, target: string, call: Call = {}): Promise<Answer | undefined> {
    this.#journal.signal.throwIfAborted();
    return this.client.call(method, target, call).catch(() => undefined);
  }

  /** Asks until there is an answer that says more than that it cannot be had now. Throws {@link GaveUp}. */
  async steady(method: Dispatcher.HttpMethod, target: string, call: Call = {}): Promise<Answer> {
    return this.insist(`${method} ${target}`, async () => {
      const answer = await this.once(method, target, call);
      if (answer && !NOT_NOW.has(answer.status)) return answer;
      return answer ? `${answer.status} ${answer.body.toString('utf8', 0, 300)}` : 'no answer';
    });
  }

  /** Does something until it does not tell why it failed; `isDue` when that is not to be given up as the soak closes. */
  async insist<T extends object>(what: string, act: () => Promise<T | string>, isDue = false): Promise<T> {
    for (const deadline = performance.now() + PATIENCE_MS; ; ) {
      const result = await act();
      if (typeof result !== 'string') return result;
      this.#journal.count('tries that failed');
      const isOver = this.#journal.isClosing && !isDue;
      if (isOver || performance.now() > deadline) throw new GaveUp(`${what}: ${result}`);
      await sleep(PAUSE_MS);
    }
  }

  /** {@link insist} for pulls: these may fail only while nodes are being killed, and not for long. */
  async pull<T extends object>(what: string, subjects: readonly string[], act: () => Promise<T | string>) {
    const begunAtMs = this.#journal.nowMs;
    let tries = 0;
    return this.insist(
      what,
      async () => {
        const sentAtMs = this.#journal.nowMs;
        const result = await act();
        if (typeof result !== 'string') return result;
        this.#journal.count('pulls that failed once');
        if (tries++ === 0) this.#journal.note('puller', `${what}: ${result}`, ...subjects.slice(0, 1));
        if (!this.#troubles.excuses(sentAtMs))
          this.#journal.broken(`${what} failed while all nodes were up: ${result}`, ...subjects);
        return result;
      },
      true,
    ).catch((error: unknown) => {
      if (!(error instanceof GaveUp)) throw error;
      const tookMs = Math.round(this.#journal.nowMs - begunAtMs);
      return this.#journal.broken(`${what} has not worked for ${tookMs} ms: ${error.message}`, ...subjects);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}

/** Whether an answer says only that it cannot be had now. */
export function isNotNow(answer: Answer | undefined): answer is undefined {
  return answer === undefined || NOT_NOW.has(answer.status);
}
