import type { Logger } from 'pino';
import { z } from 'zod';
import { SystemdNotify } from './systemd-notify.ts';

/** How often the status line is renewed without a watchdog. */
const STATUS_EVERY_MS = 30_000;
/** How much longer than its own time limit a stop may take before the manager kills the process. */
const STOP_MARGIN_MS = 10_000;

/** What a process reports to the service manager while it runs. */
export interface Watched {
  /** One line for people, such as "serves api at http://127.0.0.1:5000". */
  readonly status: string;
  /** Whether all ports are still open. If not, no keep-alive is sent, and the manager restarts the process. */
  readonly isSound: () => boolean;
  /** Why the process is not ready, for the status line only: a restart mends no store. */
  readonly problem: () => Promise<string | undefined>;
}

/**
 * systemd, if it started this process with `Type=notify`; otherwise every call does nothing.
 *
 * The keep-alive of the watchdog says two things: the event loop turns, and all ports are open. It says nothing of the
 * store or of Redis: all nodes would restart together when the store is away, and come back no better.
 */
export interface ServiceManager {
  /** The start is complete, or a reload is over. From now on the status is renewed, and the watchdog gets its keep-alives. */
  ready(watched: Watched): void;
  /** To be called around a reload of the configuration. */
  readonly reload: { readonly begins: () => void; readonly ends: () => void };
  /** The process stops, which takes `withinMs` at most: the manager waits that long, whatever `TimeoutStopSec` says. */
  stopping(withinMs: number): void;
}

/** What systemd put into the environment. */
const Variables = z.object({
  NOTIFY_SOCKET: z.string().min(1).optional(),
  WATCHDOG_USEC: z.coerce.number().int().positive().optional(),
  WATCHDOG_PID: z.coerce.number().int().optional(),
});

/** Takes systemd's variables out of an environment, so that no other child inherits them, and returns the manager. */
export function takeServiceManager(environment: NodeJS.ProcessEnv, logger: Logger): ServiceManager {
  const parsed = Variables.safeParse(environment);
  for (const name of Object.keys(Variables.shape)) delete environment[name];
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC, WATCHDOG_PID = process.pid } = parsed.data ?? {};
  if (socket === undefined) return NO_MANAGER;
  const watchdogMs =
    WATCHDOG_USEC === undefined || WATCHDOG_PID !== process.pid ? undefined : WATCHDOG_USEC / 1000;
  const notify = new SystemdNotify(socket, environment['PATH'], logger);
  // Half: one message may be lost.
  return new Systemd(notify, watchdogMs === undefined ? undefined : watchdogMs / 2, logger);
}

const NO_MANAGER: ServiceManager = {
  ready: () => undefined,
  reload: { begins: () => undefined, ends: () => undefined },
  stopping: () => undefined,
};

class Systemd implements ServiceManager {
  readonly #notify: SystemdNotify;
  readonly #keepAliveMs: number | undefined;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(notify: SystemdNotify, keepAliveMs: number | undefined, logger: Logger) {
    this.#notify = notify;
    this.#keepAliveMs = keepAliveMs;
    this.#logger = logger;
  }

  ready(watched: Watched): void {
    clearInterval(this.#timer);
    void this.#notify.send('READY=1', `STATUS=${watched.status}`);
    this.#timer = setInterval(() => void this.#report(watched), this.#keepAliveMs ?? STATUS_EVERY_MS);
    this.#timer.unref();
  }

  readonly reload = {
    begins: () => void this.#notify.send('RELOADING=1'),
    ends: () => void this.#notify.send('READY=1'),
  };

  stopping(withinMs: number): void {
    clearInterval(this.#timer);
    const limitMs = withinMs + STOP_MARGIN_MS;
    void this.#notify.send(
      'STOPPING=1',
      `STATUS=stops: requests under way have ${Math.ceil(withinMs / 1000)} s to end`,
      `EXTEND_TIMEOUT_USEC=${limitMs * 1000}`,
    );
  }

  async #report({ status, isSound, problem }: Watched): Promise<void> {
    if (!isSound()) {
      this.#logger.error(
        {},
        'a port has closed: the watchdog gets no keep-alive until it restarts the process',
      );
      return;
    }
    // The status follows: what is asked for it may hang.
    if (this.#keepAliveMs !== undefined) void this.#notify.send('WATCHDOG=1');
    const reason = await problem();
    void this.#notify.send(`STATUS=${reason === undefined ? status : `not ready: ${reason}`}`);
  }
}
