import { z } from 'zod';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { SecretBox } from '../../registry/storage/secret-box.ts';
import { sendJson } from '../json.ts';
import type { Handler, Route } from '../routes.ts';
import type { Authenticator } from './authenticator.ts';

/** Where docker gets a pass. No repository name begins with an underscore. */
export const PASS_PATH = '/v2/_token';

const CONTEXT = 'pass';
/** docker asks for a new pass after this time. */
const LIFETIME_MS = 5 * 60_000;
/** For differing clocks, and for requests under way when a pass ends. */
const LEEWAY_MS = 60_000;
/** A Basic header with the longest name and password, sealed. */
const MAX_CHARACTERS = 64 * 1024;

const ContentSchema = z.object({
  /** The header that the client sent for the pass; empty for none. */
  authorization: z.string(),
  /** Milliseconds since the epoch. */
  exp: z.number(),
});

/**
 * Passes: a client's own `Authorization: Basic` header, sealed, to be sent as a bearer token. The password inside is
 * checked with each request, so a pass is worth as much as the header, for less long. They exist for docker: see
 * {@link passRoute}.
 */
export class Passes {
  readonly #box: SecretBox;

  constructor(box: SecretBox) {
    this.#box = box;
  }

  /** @param authorization the client's header; undefined for the anonymous */
  make(authorization: string | undefined, nowMs: number): string {
    const content = { authorization: authorization ?? '', exp: nowMs + LIFETIME_MS };
    return this.#box.seal(Buffer.from(JSON.stringify(content)), CONTEXT);
  }

  /** The header inside `Authorization: Bearer`, empty for the anonymous; undefined for what is not our pass, or has expired. */
  read(header: string, nowMs: number): string | undefined {
    const pass = /^bearer +([\w-]+)$/i.exec(header)?.[1];
    if (pass === undefined || pass.length > MAX_CHARACTERS) return undefined;
    const bytes = this.#box.open(pass, CONTEXT);
    if (bytes === undefined) return undefined;
    const { authorization, exp } = ContentSchema.parse(JSON.parse(bytes.toString('utf8')));
    return nowMs < exp + LEEWAY_MS ? authorization : undefined;
  }
}

/**
 * GET of a pass, in the form of Docker's token specification (docs/spec/auth/token.md of Distribution). docker decides at
 * `/v2/` whether to send credentials: after a 200 it never does, and after a Basic challenge it gives up without a login.
 * Only a Bearer challenge suits both, since docker asks for tokens with and without a password.
 */
export function passRoute(authenticator: Authenticator, passes: Passes): Route {
  const handle: Handler = async (ctx) => {
    const { authorization } = ctx.req.headers;
    if (authorization !== undefined && !/^basic /i.test(authorization))
      throw new RegistryError(
        'UNAUTHORIZED',
        'send a name and a password as Authorization: Basic, or nothing',
      );
    // A wrong password is a 401, as `docker login` expects.
    if (authorization !== undefined) await authenticator.authorize(ctx, []);
    const token = passes.make(authorization, Date.now());
    sendJson(ctx, 200, { token, access_token: token, expires_in: LIFETIME_MS / 1000 });
  };
  return { method: 'GET', path: PASS_PATH, name: 'pass', handle };
}
