import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from 'pino';

/** Longer than `systemd-notify` waits for the manager itself (5 s). */
const SEND_TIMEOUT_MS = 10_000;

/**
 * Sends states to the service manager (sd_notify(3)), in order. Node has no datagram sockets of the Unix domain, so each
 * message is sent by a child, systemd's own `systemd-notify`: units need `NotifyAccess=all`.
 */
export class SystemdNotify {
  readonly #socket: string;
  readonly #path: string | undefined;
  readonly #logger: Logger;
  #last: Promise<void> = Promise.resolve();
  #failure: string | undefined;

  /** `socket` is the value of NOTIFY_SOCKET, `path` that of PATH. */
  constructor(socket: string, path: string | undefined, logger: Logger) {
    this.#socket = socket;
    this.#path = path;
    this.#logger = logger;
  }

  /** Sends states such as `READY=1` in one message, after all earlier ones. Never rejects: failures are logged once. */
  send(...states: readonly string[]): Promise<void> {
    this.#last = this.#last.then(async () => {
      const failure = await this.#spawn(states).catch((error: NodeJS.ErrnoException) => error.message);
      if (failure !== undefined && failure !== this.#failure)
        this.#logger.error(
          { reason: failure },
          'the service manager cannot be notified: expected systemd-notify on the PATH, and NotifyAccess=all in the unit',
        );
      this.#failure = failure;
    });
    return this.#last;
  }

  /** The reason of a failure; undefined if the manager has the message. */
  async #spawn(states: readonly string[]): Promise<string | undefined> {
    // A line break would begin another state.
    const line = states.map((state) => state.replaceAll('\n', ' '));
    const child = spawn('systemd-notify', ['--', ...line], {
      env: { NOTIFY_SOCKET: this.#socket, ...(this.#path !== undefined && { PATH: this.#path }) },
      stdio: 'ignore',
      timeout: SEND_TIMEOUT_MS,
    });
    // A process that has ended does not wait for its manager.
    child.unref();
    const [code] = (await once(child, 'exit')) as [number | null];
    return code === 0 ? undefined : `systemd-notify ended with ${code ?? 'a signal'}`;
  }
}
