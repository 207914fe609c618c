import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Answer, AnswerReader } from './answers.ts';
import { type Case, endsConnection } from './case.ts';

/** Nobody who asks waits longer; a server that takes longer hangs. */
const DEADLINE_MS = 15_000;

/** Judges an answer; throws when it is not what the case may have. */
export type Judge = (of: Case, answer: Answer) => void;

/** What was sent when something went wrong, to be found again. */
export class CaseFailure extends Error {
  readonly at: number;

  constructor(at: number, of: Case, cause: unknown) {
    const shown = JSON.stringify(of.bytes.toString('latin1', 0, 1000));
    super(`${cause instanceof Error ? cause.message : cause}\n  ${of.outcome}: ${shown}`, { cause });
    this.at = at;
  }
}

/** A connection that is kept as long as it lasts, and pipelines. */
export class Connection {
  readonly #port: number;
  readonly #judge: Judge;
  #socket: Socket | undefined;

  constructor(port: number, judge: Judge) {
    this.#port = port;
    this.#judge = judge;
  }

  /** Sends cases and judges all answers, in one go but for one that ends the connection, which stands last. */
  async exchange(cases: readonly Case[]): Promise<void> {
    const socket = await this.#open();
    const talk = new Talk(socket, this.#judge, cases);
    try {
      await talk.done;
    } finally {
      talk.leave();
      const last = cases.at(-1);
      if (last === undefined || endsConnection(last) || socket.destroyed) this.close();
    }
  }

  /** Leaves at once, and leaves no connection behind in TIME_WAIT: there would be too many of them. */
  close(): void {
    this.#socket?.resetAndDestroy();
    this.#socket = undefined;
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.readable) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    // Whoever sends rubbish gets resets; what counts is whether the answers came before.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    this.#socket = socket;
    return socket;
  }
}

/** One exchange on a connection. */
class Talk {
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #judge: Judge;
  readonly #cases: readonly Case[];
  readonly #reader = new AnswerReader();
  readonly #timer: NodeJS.Timeout;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #answered = 0;

  constructor(socket: Socket, judge: Judge, cases: readonly Case[]) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#socket = socket;
    this.#judge = judge;
    this.#cases = cases;
    this.#timer = setTimeout(() => this.#fail(`no end after ${DEADLINE_MS} ms`), DEADLINE_MS);
    socket.on('data', this.#onData);
    socket.on('close', this.#onClose);
    socket.write(Buffer.concat(cases.filter((each) => !endsConnection(each)).map(({ bytes }) => bytes)));
    this.#sendLast();
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.#socket.off('data', this.#onData);
    this.#socket.off('close', this.#onClose);
  }

  /** The case that the next answer is for; what comes behind the last one is for it, too. */
  get #current(): Case {
    return this.#cases[Math.min(this.#answered, this.#cases.length - 1)] as Case;
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#reader.push(chunk);
      for (;;) {
        const of = this.#current;
        const answer = this.#reader.next(of.method);
        if (answer === undefined) return;
        this.#judge(of, answer);
        this.#answered++;
        if (this.#answered < this.#cases.length) this.#sendLast();
        else if (endsConnection(of)) this.#socket.end();
        else if (this.#reader.rest.length > 0) throw new Error('more came than was asked for');
        else break;
      }
      this.#resolve();
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #onClose = (): void => {
    const isOver = this.#answered >= this.#cases.length - 1 && endsConnection(this.#current);
    if (isOver) this.#resolve();
    else this.#fail('the connection was closed instead of an answer');
  };

  /** Sends the case that ends the connection once all others are answered: Node's parser answers at once, and for all. */
  #sendLast(): void {
    const { outcome, bytes } = this.#current;
    if (outcome === 'doubtful') this.#socket.write(bytes);
    if (outcome === 'unfinished') this.#socket.end(bytes);
  }

  #fail(error: unknown): void {
    this.#reject(new CaseFailure(Math.min(this.#answered, this.#cases.length - 1), this.#current, error));
  }
}
