import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Server } from 'node:tls';
import type { Logger } from 'pino';
import { onReload } from '../registry/runtime/reload.ts';
import { keyOf, parseTls, readTlsFiles, type TlsIdentity, type TlsOptions } from './tls.ts';
import type { TicketKeys } from './tls-tickets.ts';

/** Events come in bursts, one for each file written and renamed. */
const SETTLE_MS = 200;
/** Whoever writes certificate and key one after the other gets so long before it counts as a mistake. */
const SECOND_LOOK_MS = 1000;
/** A net for what raises no event: network file systems, links that lead out of the directory, a replaced directory. */
const POLL_INTERVAL_MS = 10_000;
const WARN_BEFORE_MS = 14 * 24 * 3_600_000;

export interface TlsReload {
  readonly server: Server;
  readonly options: TlsOptions;
  /** What the server was made with. */
  readonly identity: TlsIdentity;
  readonly tickets: TicketKeys;
  readonly logger: Logger;
  readonly pollIntervalMs?: number | undefined;
}

/**
 * Gives a server its new certificate, key and client authorities soon after the files change: new connections get
 * them, those under way go on. Files that cannot be used are logged once, the old ones stay in use, and the new ones
 * are tried again. Tells the log, too, when the certificate in use is about to end. Disposing ends the watching.
 */
export class TlsReloader implements Disposable {
  readonly #given: TlsReload;
  readonly #watchers: FSWatcher[] = [];
  readonly #poll: NodeJS.Timeout;
  readonly #onReload: Disposable;
  #soon: NodeJS.Timeout | undefined;
  #inUse: TlsIdentity;
  #checking = false;
  #closed = false;
  /** The content that was last read, what was wrong at the last look, and what was last logged as wrong. */
  #content = '';
  #suspect: string | undefined;
  #reported: string | undefined;
  #expirySaid = '';

  constructor(given: TlsReload) {
    this.#given = given;
    this.#inUse = given.identity;
    given.tickets.rotate(given.server, () => this.#inUse);
    this.#tellExpiry();
    const { certificate, key, clientCas = [] } = given.options;
    // Directories, not files: editors and certificate managers replace a file, or a link beside it, by a rename.
    for (const directory of new Set([certificate, key, ...clientCas].map((path) => dirname(resolve(path)))))
      this.#watch(directory);
    this.#poll = setInterval(() => void this.#check(), given.pollIntervalMs ?? POLL_INTERVAL_MS).unref();
    this.#onReload = onReload(() => void this.#check());
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#given.tickets[Symbol.dispose]();
    clearInterval(this.#poll);
    this.#onReload[Symbol.dispose]();
    clearTimeout(this.#soon);
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(directory: string): void {
    const polled = (error: unknown) =>
      this.#given.logger.warn({ err: error, directory }, 'cannot watch TLS files; they are polled');
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#checkIn(SETTLE_MS));
      watcher.on('error', (error) => {
        watcher.close();
        polled(error);
      });
      this.#watchers.push(watcher);
    } catch (error) {
      polled(error);
    }
  }

  #checkIn(delayMs: number): void {
    if (this.#closed || this.#soon) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      void this.#check();
    }, delayMs).unref();
  }

  async #check(): Promise<void> {
    if (this.#checking) return this.#checkIn(SETTLE_MS);
    this.#checking = true;
    try {
      await this.#reload();
      this.#suspect = undefined;
      this.#reported = undefined;
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
    } finally {
      this.#checking = false;
    }
    this.#tellExpiry();
  }

  /** Takes what the files hold now, if it is new. Throws what is wrong with it. */
  async #reload(): Promise<void> {
    const { server, options, logger } = this.#given;
    this.#content = '';
    const files = await readTlsFiles(options);
    this.#content = files.contentHash;
    if (this.#closed || files.contentHash === this.#inUse.contentHash) return;
    const identity = parseTls(files, options);
    if (!isValidNow(identity) && isValidNow(this.#inUse)) {
      const { validFrom, validTo } = identity.leaf;
      throw new Error(
        `${keyOf(options, 'certificate')} = ${options.certificate}: valid from ${validFrom} to ${validTo}`,
      );
    }
    server.setSecureContext({ ...identity.context, ...this.#given.tickets.settingsFor(identity) });
    this.#inUse = identity;
    logger.info(
      {
        certificate: options.certificate,
        names: identity.leaf.subjectAltName,
        expiresAt: identity.leaf.validToDate,
      },
      'new TLS files are in use',
    );
  }

  #refuse(problem: string): void {
    const fault = `${this.#content} ${problem}`;
    if (this.#closed || fault === this.#reported) return;
    if (fault !== this.#suspect) {
      this.#suspect = fault;
      this.#checkIn(SECOND_LOOK_MS);
      return;
    }
    this.#reported = fault;
    this.#given.logger.error({ problem }, 'the new TLS files cannot be used; the old ones stay in use');
  }

  #tellExpiry(): void {
    const { leaf } = this.#inUse;
    const leftMs = leaf.validToDate.getTime() - Date.now();
    if (leftMs > WARN_BEFORE_MS) return;
    const what = leftMs > 0 ? 'the TLS certificate ends soon' : 'the TLS certificate has ended';
    if (this.#expirySaid === leaf.fingerprint256 + what) return;
    this.#expirySaid = leaf.fingerprint256 + what;
    const facts = { certificate: this.#given.options.certificate, expiresAt: leaf.validToDate };
    this.#given.logger[leftMs > 0 ? 'warn' : 'error'](facts, what);
  }
}

function isValidNow({ leaf }: TlsIdentity): boolean {
  const now = Date.now();
  return leaf.validFromDate.getTime() <= now && now < leaf.validToDate.getTime();
}
