import { z } from 'zod';
import type { RouteContext } from '../../http/context.ts';
import type { PendingLogin } from '../../registry/access/browser-login.ts';
import type { SecretBox } from '../../registry/storage/secret-box.ts';

/** How long a person may take at the provider. */
const LIFETIME_MS = 15 * 60_000;
const CONTEXT = 'pending login';
const VALUE_MAX_CHARACTERS = 3000;

const ContentSchema = z.object({
  ...{ state: z.string(), nonce: z.string(), codeVerifier: z.string(), redirectUri: z.string() },
  /** Milliseconds since the epoch. */
  endsAt: z.number(),
});

/**
 * The login that a browser has begun, kept only by that browser: sealed, so that it cannot be read or forged; out of reach
 * of scripts; and not sent with background requests of other sites.
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

  /** The login that this browser has begun, for an answer at this URL; undefined without one. */
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

/** Browsers accept the prefix `__Host-` only from this very host, and over TLS (RFC 6265bis, section 4.1.3.2). */
function nameOf(secure: boolean): string {
  return `${secure ? '__Host-' : ''}roadstead-login`;
}

function write(ctx: RouteContext, secure: boolean, value: string, seconds: number): void {
  // Lax, because the provider's redirect comes from another site.
  const attributes = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  ctx.append('Set-Cookie', `${nameOf(secure)}=${value}; ${attributes}`);
}
