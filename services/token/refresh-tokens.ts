import { z } from 'zod';
import type { RefreshSeed } from '../registry/access/account.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { SecretBox } from '../registry/storage/secret-box.ts';

const ContentSchema = z.object({
  /** The account that the token was made for; the seed has to yield the same one. */
  account: z.string(),
  source: z.string(),
  value: z.string(),
  /** Seconds since the epoch. */
  exp: z.number(),
});
type Content = z.infer<typeof ContentSchema>;

const CONTEXT = 'refresh token';
/** The length with the longest seed, a token of Keystone's. */
const MAX_CHARACTERS = 16 * 1024;

/**
 * Refresh tokens: sealed, so that only this service can read or make them, and nothing has to be stored. The source of
 * accounts, which is asked at each use, can end them early.
 */
export class RefreshTokens {
  readonly #box: SecretBox;
  readonly #lifetimeMs: number;

  constructor(box: SecretBox, lifetimeMs: number) {
    this.#box = box;
    this.#lifetimeMs = lifetimeMs;
  }

  make(account: string, { source, value, expiresAt }: RefreshSeed, now: Date): string {
    const end = Math.floor((now.getTime() + this.#lifetimeMs) / 1000);
    const content: Content = { account, source, value, exp: Math.min(end, expiresAt ?? end) };
    return this.#box.seal(Buffer.from(JSON.stringify(content)), CONTEXT);
  }

  /** The content of a token. Throws UNAUTHORIZED when it is not ours, or has expired. */
  read(token: string, now: Date): { readonly account: string; readonly seed: RefreshSeed } {
    const bytes = token.length <= MAX_CHARACTERS ? this.#box.open(token, CONTEXT) : undefined;
    const content = bytes && ContentSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (content === undefined || content.exp * 1000 <= now.getTime()) throw endedRefreshToken();
    const { account, source, value, exp } = content;
    return { account, seed: { source, value, expiresAt: exp } };
  }
}

export function endedRefreshToken(): RegistryError {
  return new RegistryError('UNAUTHORIZED', 'this login has expired: log in again (docker login)');
}
