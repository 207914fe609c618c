import { hkdfSync, randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';
import type { TlsIdentity } from './tls.ts';

/**
 * A key seals tickets for so long. Node knows one at a time, so that a client whose ticket is of the time before shakes
 * hands in full, once; a ticket itself is good for two hours.
 */
const PERIOD_MS = 4 * 3_600_000;
/** A name, a key that vouches for the ticket and one that seals it, 16 bytes each: what Node takes. */
const KEY_BYTES = 48;
/** OpenSSL takes so much of a context's name. */
const CONTEXT_BYTES = 32;

export interface TicketOptions {
  /** What all nodes share; without, each makes keys of its own, and clients resume sessions only where they began. */
  readonly secret?: string | undefined;
  readonly periodMs?: number | undefined;
}

/** What a TLS server takes to seal and open session tickets. */
export interface TicketSettings {
  readonly ticketKeys: Buffer;
  readonly sessionIdContext: string;
}

/**
 * Session tickets that every node opens: a client that comes to another node, or to one that was started anew, shakes
 * hands without a signature. Keys follow from the secret and the time (HKDF-SHA256, RFC 5869), so that nothing is sent
 * between nodes. Sessions are resumed only by servers of the same names that ask clients for the same: the certificate
 * that a client showed to one is good for no other. Disposing ends the rotation.
 */
export class TicketKeys implements Disposable {
  readonly #secret: string | Buffer;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ secret, periodMs = PERIOD_MS }: TicketOptions) {
    this.#secret = secret ?? randomBytes(KEY_BYTES);
    this.#periodMs = periodMs;
  }

  /** What a server that shows this identity takes now. */
  settingsFor({ audience }: TlsIdentity): TicketSettings {
    const period = Math.floor(Date.now() / this.#periodMs);
    return {
      ticketKeys: this.#derive(`keys ${audience} ${period}`, KEY_BYTES),
      // Node's own differs with the command line, and OpenSSL resumes nothing of another context.
      sessionIdContext: this.#derive(`context ${audience}`, CONTEXT_BYTES / 2).toString('hex'),
    };
  }

  /** Gives a server the key of each new period as that begins. */
  rotate(server: Server, identity: () => TlsIdentity): void {
    const leftMs = this.#periodMs - (Date.now() % this.#periodMs);
    // A timer may fire a little early.
    this.#timer = setTimeout(() => {
      server.setTicketKeys(this.settingsFor(identity()).ticketKeys);
      this.rotate(server, identity);
    }, leftMs + 1).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #derive(info: string, sizeBytes: number): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, 'roadstead tls tickets', info, sizeBytes));
  }
}
