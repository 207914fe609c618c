import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthFile } from '../support/clients/pull-client.ts';
import { buildGoProgram } from '../support/go-programs.ts';
import {
  type Daemon,
  type DaemonOptions,
  type RunOptions,
  type RunResult,
  run,
  startDaemon,
} from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import { openTrixie } from '../support/trixie.ts';
import type { ClientKind, Line, Place } from './client-kinds.ts';
import type { Scene } from './scene.ts';

/** How a pull ended. */
export interface Attempt {
  readonly outcome: 'OK' | 'FAIL' | 'hang';
  readonly tookMs: number;
  /** The end of what a client that failed said. */
  readonly words?: string;
}

/** A client with storage and logins of its own. */
export interface MatrixClient extends AsyncDisposable {
  /** Types the same command again. */
  pull(): Promise<Attempt>;
  /** Waits until it has forgotten what a failed pull left behind, or for some seconds. */
  forget(): Promise<void>;
}

/** Runs programs where a kind of client lives. */
export interface Home {
  run(line: Line, options: RunOptions & { cwd: string }): Promise<RunResult>;
  start(line: Line, options: DaemonOptions & { cwd: string }): Promise<Daemon>;
}

const WORDS_CHARACTERS = 300;
const FORGETS_MS = 15_000;
const POLL_MS = 50;

/** Finds a kind's programs; where they cannot be had, the reason. */
export async function homeOf({ from }: ClientKind): Promise<Home | { readonly reason: string }> {
  if (from === 'here')
    return {
      run: ([program = '', ...args], options) => run(program, args, options),
      start: ([program = '', ...args], options) => startDaemon(program, args, options),
    };
  if (from === 'Debian 13') {
    const trixie = await openTrixie();
    if ('reason' in trixie) return trixie;
    return {
      run: ([program = '', ...args], options) => trixie.run(program, args, options),
      start: ([program = '', ...args], options) => trixie.start(program, args, options),
    };
  }
  const built = await buildGoProgram(from);
  if ('reason' in built) return built;
  return {
    run: ([, ...args], options) => run(built.program, args, options),
    start: ([, ...args], options) => startDaemon(built.program, args, options),
  };
}

/** Sets a client up for a scene. A pull ends after `limitMs` at the latest, and after the kind's own limit. */
export async function openClient(
  kind: ClientKind,
  home: Home,
  scene: Scene,
  limitMs = kind.limitMs,
): Promise<MatrixClient> {
  await using held = new AsyncDisposableStack();
  const directory = held.use(await tempDir('pull')).path;
  const at = (name: string) => join(directory, name);
  const { host, reference, hasTls, authority, login } = scene;
  const user = login && `${login.username}:${login.password}`;
  const place: Place = { at, host, reference, hasTls, authority, user };
  const logins = await AuthFile.create(at('config.json'));
  await logins.set(host, login);
  for (const [name, text] of Object.entries(kind.files?.(place) ?? {})) {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
  }
  const env = {
    ...{ HOME: directory, TMPDIR: directory, DOCKER_CONFIG: directory },
    ...(hasTls && { SSL_CERT_FILE: authority }),
    ...kind.env?.(at),
  };
  const options = { env, cwd: directory };
  const daemon = kind.daemon?.(at);
  if (daemon) {
    const ready = async () => (await home.run(daemon.ready, { ...options, allowFailure: true })).code === 0;
    held.use(await home.start(daemon.line, { ...options, ready }));
  }
  const line = kind.pull(place);
  const timeoutMs = Math.min(limitMs, kind.limitMs);
  const all = held.move();
  return {
    async pull() {
      const startedMs = performance.now();
      const took = () => performance.now() - startedMs;
      try {
        const { code, stderr } = await home.run(line, { ...options, timeoutMs, allowFailure: true });
        if (code === 0) return { outcome: 'OK', tookMs: took() };
        return { outcome: 'FAIL', tookMs: took(), words: stderr.trim().slice(-WORDS_CHARACTERS) };
      } catch (error) {
        // Failures are allowed: only the time limit throws.
        if (took() < timeoutMs) throw error;
        return { outcome: 'hang', tookMs: took() };
      }
    },
    async forget() {
      const deadline = performance.now() + FORGETS_MS;
      while (kind.remains && performance.now() < deadline) {
        const { code, stdout } = await home.run(kind.remains, { ...options, allowFailure: true });
        if (code === 0 && stdout.trim().split('\n').length === 1) return;
        await sleep(POLL_MS);
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
