import { hkdfSync, randomBytes } from 'node:crypto';
import type { Server } from 'node:tls';
import type { TlsIdentity } from './tls.ts';

/**
 * Rotation period of the ticket key. Node accepts only the current key, so a client with a ticket from the previous period
 * does one full handshake. A ticket is good for two hours.
 */
const PERIOD_MS = 4 * 3_600_000;
/** Node's layout: 16-byte key name, 16-byte HMAC key, 16-byte AES key. */
const KEY_BYTES = 48;
/** OpenSSL's limit for the name of a context. */
const CONTEXT_BYTES = 32;

export interface TicketOptions {
  /** Shared by all nodes; without it, clients can resume sessions only at the node where they began. */
  readonly secret?: string | undefined;
  readonly periodMs?: number | undefined;
}

/** A TLS server's settings for session tickets. */
export interface TicketSettings {
  readonly ticketKeys: Buffer;
  readonly sessionIdContext: string;
}

/**
 * Session tickets that every node opens, so that a handshake with another or a restarted node needs no signature. Keys
 * are derived from the secret and the time (HKDF-SHA256, RFC 5869); nodes exchange nothing. Only servers of the same names
 * with the same requirements for client certificates resume a session: what a client showed to one is good for no other.
 * Disposing stops the rotation.
 */
export class TicketKeys implements Disposable {
  readonly #secret: string | Buffer;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ secret, periodMs = PERIOD_MS }: TicketOptions) {
    this.#secret = secret ?? randomBytes(KEY_BYTES);
    this.#periodMs = periodMs;
  }

  /** The current settings for a server with this identity. */
  settingsFor({ audience }: TlsIdentity): TicketSettings {
    const period = Math.floor(Date.now() / this.#periodMs);
    return {
      ticketKeys: this.#derive(`keys ${audience} ${period}`, KEY_BYTES),
      // Node's default depends on the command line, and OpenSSL resumes no session of another context.
      sessionIdContext: this.#derive(`context ${audience}`, CONTEXT_BYTES / 2).toString('hex'),
    };
  }

  /** Gives a server the key of each period as it begins. */
  rotate(server: Server, identity: () => TlsIdentity): void {
    const leftMs = this.#periodMs - (Date.now() % this.#periodMs);
    // One more millisecond: a timer may fire early.
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
