import type { Dispatcher } from 'undici';
import { type Answer, type Call, Client } from '../faults/client.ts';
import type { Random } from '../faults/random.ts';
import type { Recorder } from './recorder.ts';
import { CLIENT_TIMEOUT_MS } from './settings.ts';

/** A place where requests can be sent. */
export interface Place {
  readonly name: string;
  readonly url: string;
}

/** A request that is over. */
export interface Sent {
  /** Where it was sent. */
  readonly at: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Undefined if none came. */
  readonly answer: Answer | undefined;
  /** Whether it certainly has not reached anybody. */
  readonly wasRefused: boolean;
}

/** What a client knows of a change that it asked for. */
export type Outcome = 'done' | 'condition' | 'absent' | 'failed' | 'unknown';

/** What an answer says of a change. */
export function outcomeOf({ answer, wasRefused }: Sent): Outcome {
  if (answer === undefined) return wasRefused ? 'failed' : 'unknown';
  if (answer.status < 300) return 'done';
  if (answer.status === 412) return 'condition';
  if (answer.status === 404) return 'absent';
  return answer.status < 500 ? 'failed' : 'unknown';
}

/** Sends requests to places at random, once each, and takes their times. */
export class Sender implements AsyncDisposable {
  readonly #clients: readonly { readonly place: Place; readonly client: Client }[];
  readonly #recorder: Recorder;
  readonly #random: Random;

  constructor(places: readonly Place[], recorder: Recorder, random: Random) {
    this.#clients = places.map((place) => ({ place, client: new Client(place.url) }));
    this.#recorder = recorder;
    this.#random = random;
  }

  /** A client for one place, at random. */
  get anyClient(): Client {
    return this.#pick().client;
  }

  send(method: Dispatcher.HttpMethod, path: string, call: Call = {}): Promise<Sent> {
    return this.#send(this.#pick(), method, path, call);
  }

  /** The same request to every place. */
  sendToAll(method: Dispatcher.HttpMethod, path: string, call: Call = {}): Promise<Sent[]> {
    return Promise.all(this.#clients.map((each) => this.#send(each, method, path, call)));
  }

  async #send(
    { place, client }: { place: Place; client: Client },
    method: Dispatcher.HttpMethod,
    path: string,
    call: Call,
  ): Promise<Sent> {
    const startMs = this.#recorder.nowMs;
    let wasRefused = false;
    const answer = await client
      .call(method, path, { ...call, signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS) })
      .catch((error: unknown) => {
        wasRefused = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
        return undefined;
      });
    const endMs = this.#recorder.nowMs;
    this.#recorder.count('requests');
    if (answer === undefined) this.#recorder.count('requests without an answer');
    else if (answer.status >= 500) this.#recorder.count(`answers ${answer.status}`);
    if (answer?.status === 500)
      this.#recorder.wrong(`${method} ${path} at ${place.name}: 500 ${answer.body}`);
    return { at: place.name, startMs, endMs, answer, wasRefused };
  }

  #pick() {
    const picked = this.#random.pick(this.#clients);
    if (picked === undefined) throw new Error('there is no place to send to');
    return picked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#clients) await client[Symbol.asyncDispose]();
  }
}
