import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Server } from 'node:tls';
import type { Logger } from 'pino';
import { Followed, type Found } from '../registry/runtime/followed.ts';
import { isValidNow } from './certificates.ts';
import { keyOf, parseTls, readTlsFiles, type TlsIdentity, type TlsOptions } from './tls.ts';
import type { TicketKeys } from './tls-tickets.ts';

/** Events come in bursts, one for each file written and renamed. */
const SETTLE_MS = 200;
/** For changes that raise no event: on network file systems, behind links out of the directory, in a replaced directory. */
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
  /** Called with the end of a new certificate. */
  readonly certificateInUse?: ((notAfter: Date) => void) | undefined;
}

/**
 * Gives a server its new certificate, key and client authorities soon after the files change: new connections get
 * them, those under way continue. Files that cannot be used are logged once, and the old ones stay in use. Also logs
 * when the certificate in use is about to expire. Disposing ends the watching.
 */
export class TlsReloader implements Disposable {
  readonly #given: TlsReload;
  readonly #files: Followed<TlsIdentity>;
  readonly #watchers: FSWatcher[] = [];
  #expirySaid = '';

  constructor(given: TlsReload) {
    const { server, options, identity, tickets, logger, pollIntervalMs = POLL_INTERVAL_MS } = given;
    this.#given = given;
    this.#files = new Followed(
      {
        look: () => this.#look(),
        onTrouble: (problem) =>
          logger.error({ problem }, 'the new TLS files cannot be used; the old ones stay in use'),
        afterLook: () => this.#logExpiry(),
      },
      identity.contentHash,
      identity,
    );
    this.#files.onChange((next) => this.#use(next)).follow(pollIntervalMs);
    tickets.rotate(server, () => this.#files.value);
    this.#logExpiry();
    const { certificate, key, clientCas = [] } = options;
    // Directories, not files: editors and certificate managers replace a file, or a link next to it, by a rename.
    for (const directory of new Set([certificate, key, ...clientCas].map((path) => dirname(resolve(path)))))
      this.#watch(directory);
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
    this.#given.tickets[Symbol.dispose]();
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(directory: string): void {
    const polled = (error: unknown) =>
      this.#given.logger.warn({ err: error, directory }, 'cannot watch TLS files; they are polled');
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#files.refreshIn(SETTLE_MS));
      watcher.on('error', (error) => {
        watcher.close();
        polled(error);
      });
      this.#watchers.push(watcher);
    } catch (error) {
      polled(error);
    }
  }

  async #look(): Promise<Found<TlsIdentity>> {
    const { options } = this.#given;
    const files = await readTlsFiles(options);
    const parse = () => {
      const identity = parseTls(files, options);
      if (isValidNow(identity.leaf) || !isValidNow(this.#files.value.leaf)) return identity;
      const { validFrom, validTo } = identity.leaf;
      throw new Error(
        `${keyOf(options, 'certificate')} = ${options.certificate}: valid from ${validFrom} to ${validTo}`,
      );
    };
    return { version: files.contentHash, parse };
  }

  #use(identity: TlsIdentity): void {
    const { server, options, tickets, logger } = this.#given;
    server.setSecureContext({ ...identity.context, ...tickets.settingsFor(identity) });
    this.#given.certificateInUse?.(identity.leaf.validToDate);
    const { subjectAltName: names, validToDate: expiresAt } = identity.leaf;
    logger.info({ certificate: options.certificate, names, expiresAt }, 'new TLS files are in use');
  }

  #logExpiry(): void {
    const { leaf } = this.#files.value;
    const leftMs = leaf.validToDate.getTime() - Date.now();
    if (leftMs > WARN_BEFORE_MS) return;
    const what = leftMs > 0 ? 'the TLS certificate ends soon' : 'the TLS certificate has ended';
    if (this.#expirySaid === leaf.fingerprint256 + what) return;
    this.#expirySaid = leaf.fingerprint256 + what;
    const fields = { certificate: this.#given.options.certificate, expiresAt: leaf.validToDate };
    this.#given.logger[leftMs > 0 ? 'warn' : 'error'](fields, what);
  }
}
