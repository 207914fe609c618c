import type { Log } from '../../registry/runtime/log.ts';
import { messageOf } from '../../registry/runtime/message-of.ts';
import type { MirrorNotice } from './notice.ts';

/** More notices than this do not wait: the oldest are dropped. */
const QUEUE_MAX = 1000;

export interface ChannelOptions {
  /** `webhook` or `command`, for the log. */
  readonly name: string;
  readonly logger: Log;
  readonly send: (notice: MirrorNotice, signal: AbortSignal) => Promise<void>;
}

/** One way that notices take, one after the other. A failure loses its notice, is logged once, and stops nothing. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #stop = new AbortController();
  readonly #queue: MirrorNotice[] = [];
  #running: Promise<void> | undefined;
  #isFailing = false;
  #isOverfull = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Queues a notice. Returns at once. */
  add(notice: MirrorNotice): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push(notice);
    if (this.#queue.length > QUEUE_MAX) this.#drop();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends what is running, and drops what waits. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let notice = this.#queue.shift(); notice && !signal.aborted; notice = this.#queue.shift())
      await this.#send(notice, signal);
    this.#isOverfull = false;
  }

  async #send(notice: MirrorNotice, signal: AbortSignal): Promise<void> {
    const { name, logger, send } = this.#options;
    try {
      await send(notice, signal);
      if (this.#isFailing) logger.info({ channel: name }, 'notices of mirrors are sent again');
      this.#isFailing = false;
    } catch (error) {
      if (signal.aborted || this.#isFailing) return;
      this.#isFailing = true;
      const { mirror, event } = notice;
      logger.warn(
        { channel: name, mirror, event, reason: messageOf(error) },
        'a notice of a mirror could not be sent; further failures are not logged',
      );
    }
  }

  #drop(): void {
    this.#queue.shift();
    if (this.#isOverfull) return;
    this.#isOverfull = true;
    const { name, logger } = this.#options;
    logger.warn(
      { channel: name, waiting: QUEUE_MAX },
      'too many notices of mirrors wait: the oldest are dropped',
    );
  }
}
