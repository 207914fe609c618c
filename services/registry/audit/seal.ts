import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { SECRET_MIN_CHARACTERS } from '../storage/secret-box.ts';

/** The signature below a record. It takes the nodes' secret: write access to the store is not enough to make one. */
export interface Seal {
  /** Identifies the secret. */
  readonly key: string;
  /** HMAC-SHA256, hexadecimal. */
  readonly mac: string;
}

/** Whether a seal is valid; `unknown-key` if this process does not have its secret. */
export type SealVerdict = 'right' | 'wrong' | 'unknown-key';

/** Seals records with the secret that all nodes share (`http.secret`), and verifies with older secrets, too. */
export class Sealer {
  readonly #keys: readonly Key[];

  private constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  /** Undefined without a secret that is hard to guess. The first secret seals; all of them verify. */
  static of(secrets: readonly (string | undefined)[]): Sealer | undefined {
    const [current, ...old] = secrets;
    if (!isGood(current)) return undefined;
    return new Sealer([current, ...old.filter(isGood)].map(keyOf));
  }

  seal(body: Buffer): Seal {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('a sealer without a key');
    return { key: key.id, mac: macOf(key, body).toString('hex') };
  }

  verify(body: Buffer, seal: Seal): SealVerdict {
    const key = this.#keys.find(({ id }) => id === seal.key);
    if (key === undefined) return 'unknown-key';
    const given = Buffer.from(seal.mac, 'hex');
    const right = macOf(key, body);
    return given.length === right.length && timingSafeEqual(given, right) ? 'right' : 'wrong';
  }
}

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

function isGood(secret: string | undefined): secret is string {
  return secret !== undefined && secret.length >= SECRET_MIN_CHARACTERS;
}

function keyOf(secret: string): Key {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'roadstead audit seal', 32));
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}

function macOf({ bytes }: Key, body: Buffer): Buffer {
  return createHmac('sha256', bytes).update(body).digest();
}
