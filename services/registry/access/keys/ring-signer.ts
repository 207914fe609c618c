import type { Audit } from '../../audit/audit.ts';
import { RegistryError } from '../../oci/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { SecretBox } from '../../storage/secret-box.ts';
import { KEYS_POLL_MS, type KeyRing } from './key-ring.ts';
import { addKey, endedKeys, KEY_LEAD_MIN_MS, nextSignsFrom, removeKeys, signingNow } from './rotation.ts';
import type { Signer, SigningKey, TokenAlgorithm } from './signing-key.ts';
import { openKey, type StoredKey } from './stored-key.ts';

export interface RingSignerOptions {
  readonly objects: ObjectStore;
  readonly ring: KeyRing;
  readonly box: SecretBox;
  readonly algorithm: TokenAlgorithm;
  readonly keyLifetimeMs: number;
  readonly tokenLifetimeMs: number;
  readonly audit: Audit;
  readonly log: Log;
  /** How often it looks for what is due; {@link KEYS_POLL_MS} unless given. */
  readonly pollMs?: number;
}

/**
 * Signs with the keys in the store, adds the next key in time, and removes keys of no further use. Any number of
 * processes do so at once: the conditional create of its number decides which key is the next.
 */
export class RingSigner implements Signer {
  readonly #options: RingSignerOptions;
  readonly #opened = new Map<string, SigningKey | undefined>();
  #poll: Poll | undefined;

  private constructor(options: RingSignerOptions) {
    this.#options = options;
  }

  /** Makes a key if this service can sign with none of those in the store, or if none has its algorithm. */
  static async start(options: RingSignerOptions): Promise<RingSigner> {
    const signer = new RingSigner(options);
    await signer.#begin();
    const { pollMs = KEYS_POLL_MS, log } = options;
    signer.#poll = new Poll({
      act: () => signer.#maintain(),
      ...{ everyMs: pollMs, isFirstDone: true },
      ...{ log, failure: 'cannot maintain the keys of tokens; trying again' },
    });
    return signer;
  }

  get publicKeys(): readonly StoredKey[] {
    return this.#options.ring.keys;
  }

  current(): SigningKey {
    const opened = this.publicKeys.filter((key) => this.#open(key) !== undefined);
    const key = signingNow(opened, new Date());
    const signing = key && this.#open(key);
    if (signing) return signing;
    throw new RegistryError(
      'UNAVAILABLE',
      'no token can be signed now: no key was sealed under the http.secret of this service',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#poll?.[Symbol.asyncDispose]();
  }

  async #begin(): Promise<void> {
    const { ring, algorithm, log } = this.#options;
    const newest = ring.keys.at(-1);
    const isOpen = newest !== undefined && this.#open(newest) !== undefined;
    if (isOpen && newest.algorithm === algorithm) return;
    if (newest && !isOpen)
      log.warn(
        { kid: newest.kid },
        'the newest token signing key was sealed under another http.secret; making a new one (http.oldsecrets avoids that)',
      );
    const hasOther = ring.keys.some((key) => this.#open(key) !== undefined);
    await this.#add(new Date(Date.now() + (hasOther ? KEY_LEAD_MIN_MS : 0)));
  }

  async #add(signsFrom: Date): Promise<void> {
    const { objects, ring, box, algorithm, audit, log } = this.#options;
    const record = (kid: string) =>
      audit.record({
        action: 'key.rotate',
        actor: { kind: 'system', name: 'token' },
        details: { kid, signsFrom: signsFrom.toISOString() },
      });
    const kid = await addKey(objects, ring.lastSeq, { algorithm, box, signsFrom, record });
    await ring.read();
    if (kid !== undefined) log.info({ kid, signsFrom }, 'made a new token signing key');
  }

  /** Adds the next key in time, and removes keys of no further use. */
  async #maintain(): Promise<void> {
    const { objects, ring, keyLifetimeMs, tokenLifetimeMs, log } = this.#options;
    const { keys } = ring;
    const newest = keys.at(-1);
    const now = new Date();
    const signsFrom = newest ? nextSignsFrom(newest, keyLifetimeMs, now) : now;
    if (signsFrom) await this.#add(signsFrom);
    // Before the key that revokes them: without it they would be valid again.
    if (ring.revoked.length > 0) {
      const kids = ring.revoked.map(({ kid }) => kid);
      await removeKeys(objects, ring.revoked);
      log.info({ kids }, 'deleted keys that were revoked');
    }
    const ended = endedKeys(keys, tokenLifetimeMs, now);
    if (ended.length === 0) return;
    await removeKeys(objects, ended);
    await ring.read();
    log.info({ kids: ended.map(({ kid }) => kid) }, 'deleted keys whose last token has expired');
  }

  /** Opened once: it costs more than a signature. */
  #open(key: StoredKey): SigningKey | undefined {
    if (this.#opened.has(key.kid)) return this.#opened.get(key.kid);
    const privateKey = openKey(key, this.#options.box);
    const opened = privateKey && { kid: key.kid, algorithm: key.algorithm, privateKey };
    this.#opened.set(key.kid, opened);
    return opened;
  }
}
