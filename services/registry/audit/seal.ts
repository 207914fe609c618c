import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { SECRET_MIN_CHARACTERS } from '../storage/secret-box.ts';
import type { Place } from './place.ts';

/** The signature below a record. It takes the nodes' secret: write access to the store is not enough to make one. */
export interface Seal {
  /** Identifies the secret. */
  readonly key: string;
  /** HMAC-SHA256, hexadecimal. */
  readonly mac: string;
}

/**
 * Whether a seal is valid; `unknown-key` if this process does not have its secret, `ended` if the secret was replaced before
 * this record.
 */
export type SealVerdict = 'right' | 'wrong' | 'unknown-key' | 'ended';

/**
 * Until when a secret seals: the last record that it sealed, as the configuration has it, out of reach of those who write
 * to the store. `in-use` while nodes change from one secret to another, and some of them seal with it.
 */
export type SecretEnd = Place | 'in-use';

/** Another secret than the one that this process seals with. */
export interface OldSecret {
  readonly secret: string;
  /** Undefined: unknown. */
  readonly until?: SecretEnd | undefined;
}

/** Seals records with the secret that all nodes share (`http.secret`), and verifies with older secrets, too. */
export class Sealer {
  readonly #keys: readonly Key[];

  private constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  /** Undefined without a secret that is hard to guess. It seals; older ones verify, the newest of them first. */
  static of(secret: string | undefined, old: readonly OldSecret[] = []): Sealer | undefined {
    if (!isGood(secret)) return undefined;
    const keys = old.flatMap((each, i) => (isGood(each.secret) ? [keyOf(each, i)] : []));
    return new Sealer([keyOf({ secret, until: 'in-use' }), ...keys]);
  }

  /** The last records of old secrets, as the configuration has them. */
  get ends(): readonly Place[] {
    return this.#keys.flatMap(({ until }) => placeIn(until) ?? []);
  }

  /** How many secrets are newer than that of a seal: 0 for the current one, and for others that are in use. */
  ageOf({ key }: Seal): number {
    const age = this.#keys.findIndex(({ id }) => id === key);
    return this.#keys[age]?.until === 'in-use' ? 0 : age;
  }

  /** Which of the old secrets a seal is made with, counted from 0 as they were given; undefined for the current one. */
  oldOf({ key }: Seal): number | undefined {
    return this.#keys.find(({ id }) => id === key)?.old;
  }

  seal(body: Buffer): Seal {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('a sealer without a key');
    return { key: key.id, mac: macOf(key, body).toString('hex') };
  }

  verify(seq: number, body: Buffer, seal: Seal): SealVerdict {
    const key = this.#keys.find(({ id }) => id === seal.key);
    if (key === undefined) return 'unknown-key';
    const given = Buffer.from(seal.mac, 'hex');
    const right = macOf(key, body);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return 'wrong';
    const end = placeIn(key.until);
    return end !== undefined && seq > end.seq ? 'ended' : 'right';
  }
}

interface Key {
  readonly id: string;
  readonly old: number | undefined;
  readonly until: SecretEnd | undefined;
  readonly bytes: Buffer;
}

function isGood(secret: string | undefined): secret is string {
  return secret !== undefined && secret.length >= SECRET_MIN_CHARACTERS;
}

function placeIn(end: SecretEnd | undefined): Place | undefined {
  return end === 'in-use' ? undefined : end;
}

function keyOf({ secret, until }: OldSecret, old?: number): Key {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', 'roadstead audit seal', 32));
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), old, until, bytes };
}

function macOf({ bytes }: Key, body: Buffer): Buffer {
  return createHmac('sha256', bytes).update(body).digest();
}
