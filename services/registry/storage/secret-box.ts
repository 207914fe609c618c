import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Shorter secrets can be guessed from the data that they seal. */
export const SECRET_MIN_CHARACTERS = 32;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals bytes under secrets of the configuration (`http.secret`, and `http.oldsecrets` for older data), so that only
 * processes with these secrets can read or make them: AES-256-GCM, with a key for each purpose, derived by HKDF (RFC
 * 5869). The secrets must be hard to guess; the configuration requires 32 characters.
 */
export class SecretBox {
  readonly #keys: readonly Buffer[];

  /** The first secret seals; all of them open. */
  constructor(secrets: readonly string[], purpose: string) {
    this.#keys = secrets.map((secret) =>
      Buffer.from(hkdfSync('sha256', secret, '', `roadstead ${purpose}`, 32)),
    );
  }

  /** Returns base64url text, which opens only in the same context. */
  seal(bytes: Buffer, context: string): string {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('there is no secret to seal with: set http.secret');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(context));
    const sealed = [cipher.update(bytes), cipher.final()];
    return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64url');
  }

  /** The sealed bytes; undefined if the text was not sealed, or under an unknown secret, or in another context. */
  open(sealed: string, context: string): Buffer | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const [nonce, tag] = [
      bytes.subarray(0, NONCE_BYTES),
      bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES),
    ];
    for (const key of this.#keys) {
      const decipher = createDecipheriv(CIPHER, key, nonce).setAAD(Buffer.from(context)).setAuthTag(tag);
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        // Sealed under another secret, or not at all.
      }
    }
    return undefined;
  }
}
