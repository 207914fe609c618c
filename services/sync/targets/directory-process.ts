import { type ChildProcess, fork } from 'node:child_process';
import type { Answer, Request } from './directory-messages.ts';

export interface DirectoryProcessOptions {
  /** Absolute. */
  readonly directory: string;
  /** A request without progress for longer hangs, and the process is killed. Ten times as long for requests that sync. */
  readonly patienceMs: number;
}

/** After this time without requests the process ends: it uses about 45 MB. */
const IDLE_MS = 60_000;
/** Pause between a process that hung and the next one; doubled up to the limit. */
const PAUSE_MS = { first: 1000, most: 60_000 } as const;
/** With this many processes that wait in the kernel and cannot be killed, no other is started. */
const ABANDONED_MAX = 3;
/** Small on purpose: hanging calls block only these threads. */
const ENVIRONMENT = { UV_THREADPOOL_SIZE: '4' } as const;

/** Factor of the time limit for requests that sync: a slow disk may take minutes to write what the kernel buffered. */
const SYNC_PATIENCE = 10;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  movedAt: number;
  readonly limitMs: number;
}

/**
 * The process that works on one mirror's directory: started on demand, killed when it hangs, and started again after a
 * pause. The caller gets an answer within ten times `patienceMs`, whatever the file system does.
 */
export class DirectoryProcess implements AsyncDisposable {
  readonly #options: DirectoryProcessOptions;
  readonly #waiting = new Map<number, Waiting>();
  /** Killed, but not ended yet. */
  readonly #dying = new Set<ChildProcess>();
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #usedAt = 0;
  #pauseMs: number = PAUSE_MS.first;
  #startAt = 0;

  constructor(options: DirectoryProcessOptions) {
    this.#options = options;
  }

  /** Carries out one request. Rejects with its failure, or when the file system does not answer. */
  ask(request: Request): Promise<void> {
    const child = this.#child ?? this.#start();
    this.#usedAt = performance.now();
    const syncs = request.kind === 'chunk' || request.kind === 'commit';
    const limitMs = this.#options.patienceMs * (syncs ? SYNC_PATIENCE : 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject, movedAt: this.#usedAt, limitMs });
      child.send(request, (error) => error && this.#settle(request.id)?.reject(error));
    });
  }

  /** Kills the process without waiting for its requests. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end('the mirror is let go of');
  }

  #start(): ChildProcess {
    const { directory } = this.#options;
    const hanging = this.#dying.size;
    if (hanging >= ABANDONED_MAX)
      throw new Error(`${directory} does not answer: ${hanging} processes hang there and cannot be killed`);
    if (performance.now() < this.#startAt)
      throw new Error(`${directory} did not answer; it is tried again in a while`);
    const child = fork(new URL('./directory-child.ts', import.meta.url), [directory], {
      ...{ serialization: 'advanced', env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    });
    child.on('message', (answer: Answer) => this.#hear(child, answer));
    child.once('exit', (code, signal) => {
      this.#dying.delete(child);
      if (this.#child === child) this.#end(`the process for ${directory} ended (${signal ?? code})`);
    });
    child.on('error', (error) => {
      if (this.#child === child) this.#end(`the process for ${directory} failed: ${error.message}`);
    });
    // The registry must be able to exit while this process hangs.
    child.unref();
    child.channel?.unref();
    this.#timer = setInterval(() => this.#look(), Math.min(1000, this.#options.patienceMs / 4)).unref();
    this.#child = child;
    return child;
  }

  #hear(child: ChildProcess, answer: Answer): void {
    if (child !== this.#child) return;
    this.#usedAt = performance.now();
    const waiting = this.#waiting.get(answer.id);
    if (waiting) waiting.movedAt = this.#usedAt;
    if (answer.kind === 'moved') return;
    this.#pauseMs = PAUSE_MS.first;
    const settled = this.#settle(answer.id);
    if (answer.kind === 'done') settled?.resolve();
    else settled?.reject(Object.assign(new Error(answer.message), answer.code && { code: answer.code }));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #look(): void {
    const now = performance.now();
    const { directory } = this.#options;
    if (this.#waiting.size === 0) {
      if (now - this.#usedAt > IDLE_MS) this.#end('idle');
      return;
    }
    const hanging = [...this.#waiting.values()].find(({ movedAt, limitMs }) => now - movedAt >= limitMs);
    if (!hanging) return;
    this.#startAt = now + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS.most);
    this.#end(`${directory} has not answered for ${hanging.limitMs / 1000} s: its file system hangs`);
  }

  /** Kills the process; one that waits in the kernel ends when the kernel returns. */
  #end(reason: string): void {
    clearInterval(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    if (child && child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      this.#dying.add(child);
      child.kill('SIGKILL');
    }
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
