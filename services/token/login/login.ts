import type { Logger } from 'pino';
import type { RouteContext } from '../../http/context.ts';
import { answerTo } from '../../http/errors.ts';
import { protectPage, sendPage } from '../../http/page.ts';
import type { Accounts } from '../../registry/access/accounts.ts';
import type { BrowserLogin, Person } from '../../registry/access/browser-login.ts';
import type { IssuedCredentials } from '../../registry/access/issued/credentials.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { beginPage, credentialPage, failurePage } from './pages.ts';
import type { PendingCookie } from './pending-cookie.ts';

/** What the login pages work with; made once in `app.ts`. */
export interface LoginService {
  readonly login: BrowserLogin;
  readonly cookie: PendingCookie;
  readonly accounts: Accounts;
  readonly issued: IssuedCredentials;
  readonly audit: Audit;
  readonly logger: Logger;
  /** Where the provider sends browsers back to: an absolute URL, or a path where that is unknown. */
  callbackUrlOf(ctx: RouteContext): string;
  /** Where clients log in, `host[:port]`; undefined when that is the host of the pages. */
  readonly registry: string | undefined;
}

/** Time limit for the identity provider and the store together. */
const TIMEOUT_MS = 20_000;

/** GET: redirects to the provider. Without parameters: only the configuration decides where a login leads. */
export function beginLogin(service: LoginService, ctx: RouteContext): Promise<void> {
  return asPage(service, ctx, async () => {
    const { login, cookie } = service;
    if (isSentByOtherSite(ctx)) return sendPage(ctx, 200, beginPage(login.provider));
    const { url, pending } = await login.begin(callbackUrl(service, ctx), AbortSignal.timeout(TIMEOUT_MS));
    cookie.set(ctx, pending);
    protectPage(ctx);
    ctx.redirect(url);
    ctx.status = 303;
  });
}

/** GET: back from the provider; shows the new credential on a page. */
export function finishLogin(service: LoginService, ctx: RouteContext): Promise<void> {
  return asPage(service, ctx, async () => {
    const { login, cookie, registry } = service;
    const redirectUri = callbackUrl(service, ctx);
    const pending = cookie.get(ctx, redirectUri);
    if (pending === undefined)
      throw new RegistryError(
        'PARAMETER_INVALID',
        'this browser has begun no login in the last minutes, or keeps no cookies: begin again',
      );
    const answer = new URLSearchParams(ctx.querystring);
    const person = await login.finish(pending, answer, AbortSignal.timeout(TIMEOUT_MS));
    const { name, groups, secret, expiresAt } = await issue(service, ctx, person);
    cookie.clear(ctx, redirectUri);
    const where = registry ?? new URL(redirectUri).host;
    sendPage(ctx, 200, credentialPage({ registry: where, name, groups, secret, expiresAt }));
  });
}

async function issue({ login, accounts, issued, audit }: LoginService, ctx: RouteContext, person: Person) {
  const { source, provider, credentialLifetimeMs: lifetimeMs } = login;
  const { name, groups, subject } = person;
  const known = accounts.mapIdentity(source, { kind: 'user', name, groups, memberships: [] });
  if (known === undefined)
    throw new RegistryError(
      'DENIED',
      `your name at ${provider} cannot be used here: it belongs to another source of accounts`,
    );
  ctx.state.logFields['user'] = known.name;
  await audit.record({
    action: 'credential.issue',
    actor: { kind: 'user', name: known.name },
    address: ctx.state.clientAddress,
    requestId: ctx.state.requestId,
    details: { subject, groups: known.groups },
  });
  const { secret, expiresAt } = await issued.add({ kind: 'user', name, groups, by: subject, lifetimeMs });
  return { name: known.name, groups: known.groups, secret, expiresAt };
}

function callbackUrl(service: LoginService, ctx: RouteContext): string {
  const url = service.callbackUrlOf(ctx);
  if (URL.canParse(url)) return url;
  throw new RegistryError(
    'PARAMETER_INVALID',
    'this registry does not know its public name: its operator has to set auth.token.realm or http.host',
  );
}

/** Whether another site sent the browser here (W3C Fetch Metadata): only a person may begin a login. */
function isSentByOtherSite(ctx: RouteContext): boolean {
  return ['cross-site', 'same-site'].includes(ctx.get('sec-fetch-site'));
}

/** Answers failures with a page, for people. */
async function asPage({ logger }: LoginService, ctx: RouteContext, handle: () => Promise<void>) {
  try {
    await handle();
  } catch (error) {
    const { requestId, logFields } = ctx.state;
    const { status, body, retryAfterSeconds, isFault } = answerTo(error, requestId);
    const [{ code, message }] = body.errors;
    if (isFault) logger.error({ err: error, requestId, ...logFields }, 'request failed');
    logFields['error'] = code;
    if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
    sendPage(ctx, status, failurePage(message));
  }
}
