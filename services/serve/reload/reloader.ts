import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError } from '../../config/config-error.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { OperatorError } from '../../registry/runtime/operator-error.ts';
import { reloadNow } from '../../registry/runtime/reload.ts';
import type { Part } from '../parts.ts';
import type { FilePrints } from './file-prints.ts';
import { type FileChange, readChange } from './read-change.ts';

/** What a reload has done. */
export type ReloadResult =
  | {
      /** Keys whose new values are in use. */
      readonly reloaded: readonly string[];
      /** Keys whose new values need a restart. */
      readonly restart: readonly string[];
      /** Warnings of the configuration, a line each. */
      readonly warnings: readonly string[];
    }
  /** Why nothing has changed, a line each. */
  | { readonly problems: readonly string[] };

/** Something that has been made ready for another configuration. */
export interface Prepared extends AsyncDisposable {
  /** Puts it to use, and waits for what takes its time. Does not fail. */
  take(): Promise<void>;
}

export interface ReloaderParts {
  readonly path: string;
  readonly running: LoadedConfig;
  readonly parts: readonly Part[];
  readonly logger: Logger;
  readonly audit: Audit;
  readonly files: FilePrints;
  /** Makes everything ready for a change. Throws if that fails; then nothing has changed. */
  readonly prepare: (change: FileChange) => Promise<Prepared>;
  /** Called when a reload begins, and with its end: for the service manager. */
  readonly onReload?: { readonly begins: () => void; readonly ends: () => void } | undefined;
}

/** How long a reload waits for work that is being replaced, such as transfers to mirrors; they end in any case. */
const WORK_MS = 10_000;
/** An operator who only wants to see more needs no entry in the record. */
const UNRECORDED = new Set<string>(['log.level', 'loglevel']);

/** Takes over the configuration file while the process runs: one reload at a time, a second one waits. */
export class Reloader implements AsyncDisposable {
  readonly #parts: ReloaderParts;
  #running: LoadedConfig;
  #last: Promise<unknown> = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#running = parts.running;
  }

  /** The configuration in use. */
  get config(): LoadedConfig['config'] {
    return this.#running.config;
  }

  /** Reads everything again. Never rejects. `by`: what asked for it, for the log and the audit record. */
  reload(by: string): Promise<ReloadResult> {
    const result = this.#last.then(() => this.#reload(by));
    this.#last = result;
    return result;
  }

  /** From now on nothing is reloaded: the process ends. */
  stop(): void {
    this.#ending.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#last;
  }

  async #reload(by: string): Promise<ReloadResult> {
    const { logger, onReload } = this.#parts;
    if (this.#ending.signal.aborted) return ENDING;
    onReload?.begins();
    try {
      return await this.#take(by);
    } catch (error) {
      const problems = problemsOf(error);
      if (problems === undefined) logger.error({ err: error, by }, 'the configuration could not be reloaded');
      for (const problem of problems ?? [])
        logger.error({ problem, by }, 'the configuration cannot be reloaded; nothing has changed');
      return {
        problems: problems ?? ['the configuration could not be reloaded: the log of the process says why'],
      };
    } finally {
      onReload?.ends();
    }
  }

  async #take(by: string): Promise<ReloadResult> {
    const { path, parts, logger, files, prepare } = this.#parts;
    // Certificates, htpasswd files and keys, which are followed anyway.
    const followed = reloadNow();
    const read = await readChange(path, this.#running, parts);
    const prints = await files.read(read.config);
    const change = { ...read, reloaded: [...new Set([...read.reloaded, ...files.changed(prints)])] };
    const { reloaded, restart, config, tree } = change;
    if (reloaded.length > 0) {
      await using prepared = await prepare(change);
      await this.#record(by, change);
      if (this.#ending.signal.aborted) return ENDING;
      for (const notice of config.notices)
        if (!this.#running.config.notices.includes(notice)) logger.warn({}, notice);
      this.#running = { config, tree };
      files.use(prints);
      await Promise.race([prepared.take(), this.#patience()]);
    }
    logger.info({ by, reloaded, restart, followed }, messageOf(change));
    return { reloaded, restart, warnings: config.notices };
  }

  /** Ends with the process, too: then the work that is being replaced ends with the rest. */
  async #patience(): Promise<void> {
    const { signal } = this.#ending;
    await sleep(WORK_MS, undefined, { ref: false, signal }).catch(() => undefined);
  }

  async #record(by: string, { reloaded, restart }: FileChange): Promise<void> {
    if (!this.#parts.audit.isOn || reloaded.every((key) => UNRECORDED.has(key))) return;
    await this.#parts.audit.record({
      action: 'configuration.reload',
      actor: { kind: 'local', name: 'local:operator' },
      details: { by, reloaded, ...(restart.length > 0 && { restart }) },
    });
  }
}

const ENDING = { problems: ['the process is ending'] } as const;

function messageOf({ reloaded, restart }: FileChange): string {
  const done = reloaded.length === 0 ? 'reread files; no setting has changed' : 'reloaded the configuration';
  if (restart.length === 0) return done;
  const nothing = 'reread files; no setting was taken over';
  return `${reloaded.length === 0 ? nothing : done}; needs a restart: ${restart.join(', ')}`;
}

/** Problems that the operator can fix, a line each. */
function problemsOf(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.problems;
  return error instanceof OperatorError || error instanceof RegistryError ? [error.message] : undefined;
}
