import { z } from 'zod';
import type { RouteContext } from '../../http/context.ts';
import type { PendingLogin } from '../../registry/access/browser-login.ts';
import type { SecretBox } from '../../registry/storage/secret-box.ts';

/** So long somebody may take at the provider. */
const LIFETIME_MS = 15 * 60_000;
const CONTEXT = 'pending login';
const VALUE_MAX_CHARACTERS = 3000;

const ContentSchema = z.object({
  ...{ state: z.string(), nonce: z.string(), codeVerifier: z.string(), redirectUri: z.string() },
  /** Milliseconds since the epoch. */
  endsAt: z.number(),
});

/**
 * The login that a browser has begun, kept by that browser alone: sealed, so that what is in it cannot be read or made,
 * out of reach of scripts, and not sent with what other sites ask for in the background.
 */
export class PendingCookie {
  readonly #box: SecretBox;

  constructor(box: SecretBox) {
    this.#box = box;
  }

  set(ctx: RouteContext, pending: PendingLogin): void {
    const content: z.infer<typeof ContentSchema> = { ...pending, endsAt: Date.now() + LIFETIME_MS };
    const value = this.#box.seal(Buffer.from(JSON.stringify(content)), CONTEXT);
    write(ctx, isSecure(pending.redirectUri), value, LIFETIME_MS / 1000);
  }

  /** The login that this browser has begun, for an answer at this URL; undefined where it has begun none. */
  get(ctx: RouteContext, redirectUri: string): PendingLogin | undefined {
    const sealed = ctx.cookies.get(nameOf(isSecure(redirectUri))) ?? '';
    const bytes = sealed.length <= VALUE_MAX_CHARACTERS ? this.#box.open(sealed, CONTEXT) : undefined;
    const content = bytes && ContentSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (content === undefined || content.endsAt <= Date.now()) return undefined;
    const { endsAt: _, ...pending } = content;
    return pending;
  }

  clear(ctx: RouteContext, redirectUri: string): void {
    write(ctx, isSecure(redirectUri), '', 0);
  }
}

function isSecure(url: string): boolean {
  return url.startsWith('https:');
}

/** A name that begins so is taken by browsers from this very host only, and over TLS (RFC 6265bis, section 4.1.3.2). */
function nameOf(secure: boolean): string {
  return `${secure ? '__Host-' : ''}roadstead-login`;
}

function write(ctx: RouteContext, secure: boolean, value: string, seconds: number): void {
  // Lax, as the provider's redirect is another site's.
  const attributes = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  ctx.append('Set-Cookie', `${nameOf(secure)}=${value}; ${attributes}`);
}
