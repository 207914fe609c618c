import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../registry/runtime/log.ts';
import { Channel } from './channel.ts';
import { runCommand } from './command.ts';
import { Damping } from './damping.ts';
import type { MirrorNotice } from './notice.ts';
import { Webhook } from './webhook.ts';

/** The same event of one mirror is passed on at most once in this time. */
const DAMPING_MS = 10 * 60_000;
/** How long a process that ends waits for its last notices. */
const LAST_MS = 2000;

export interface NoticesOptions {
  /** From the section `sync.notices`. */
  readonly webhook?: string | undefined;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly command?: readonly string[] | undefined;
  /** The registry's public URL, which each notice names. */
  readonly registry?: string | undefined;
  readonly logger: Log;
  /** @default 10 min */
  readonly dampingMs?: number;
}

/**
 * Sends notices of mirrors to a webhook and to a command, those that are configured. It never waits and never throws: a
 * receiver that is down or hangs delays only its own notices.
 */
export class Notices implements AsyncDisposable {
  readonly #registry: string | undefined;
  readonly #damping: Damping;
  readonly #webhook: Webhook | undefined;
  readonly #toWebhook: Channel | undefined;
  readonly #toCommand: Channel | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NoticesOptions) {
    const { webhook: url, headers = {}, command, logger } = options;
    this.#registry = options.registry;
    this.#damping = new Damping(options.dampingMs ?? DAMPING_MS);
    if (url !== undefined) {
      const webhook = new Webhook({ url, headers });
      this.#webhook = webhook;
      this.#toWebhook = new Channel({
        ...{ name: 'webhook', logger },
        send: (notice, signal) => webhook.send(notice, signal),
      });
    }
    if (command !== undefined)
      this.#toCommand = new Channel({
        ...{ name: 'command', logger },
        send: (notice, signal) => runCommand(command, notice, signal),
      });
  }

  /** Sends a notice, now or when the same event of this mirror may be sent again. */
  notify(notice: MirrorNotice): void {
    if (!this.#toWebhook && !this.#toCommand) return;
    if (this.#damping.isPassed(notice)) this.#send(notice);
    this.#wait();
  }

  /** Drops what is damped, and gives the rest two seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    const idle = Promise.all([this.#toWebhook?.idle(), this.#toCommand?.idle()]);
    await Promise.race([idle, sleep(LAST_MS, undefined, { ref: false })]);
    await Promise.all([this.#toWebhook?.stop(), this.#toCommand?.stop()]);
    await this.#webhook?.[Symbol.asyncDispose]();
  }

  #send(notice: MirrorNotice): void {
    const named = { ...notice, ...(this.#registry !== undefined && { registry: this.#registry }) };
    this.#toWebhook?.add(named);
    this.#toCommand?.add(named);
  }

  /** Comes back for what is held. */
  #wait(): void {
    clearTimeout(this.#timer);
    const { dueInMs } = this.#damping;
    if (dueInMs === undefined) return;
    this.#timer = setTimeout(() => {
      for (const notice of this.#damping.due()) this.#send(notice);
      this.#wait();
    }, dueInMs);
    this.#timer.unref();
  }
}
