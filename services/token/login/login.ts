import type { RouteContext } from '../../http/context.ts';
import { answerTo } from '../../http/errors.ts';
import { protectPage, sendPage } from '../../http/page.ts';
import type { Handler } from '../../http/routes.ts';
import type { Person } from '../../registry/access/browser-login.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { beginPage, credentialPage, failurePage } from './pages.ts';
import type { LoginService } from './service.ts';

/** The provider and the store have so long. */
const TIMEOUT_MS = 20_000;

/** GET: to the provider. It takes no parameters: nobody says where a login leads to but the configuration. */
export function beginLogin(service: LoginService): Handler {
  return asPage(service, async (ctx) => {
    const { login, cookie } = service;
    if (isSentByOtherSite(ctx)) return sendPage(ctx, 200, beginPage(login.provider));
    const { url, pending } = await login.begin(callbackUrl(service, ctx), AbortSignal.timeout(TIMEOUT_MS));
    cookie.set(ctx, pending);
    protectPage(ctx);
    ctx.redirect(url);
    ctx.status = 303;
  });
}

/** GET: back from the provider, with a page that shows the new credential. */
export function finishLogin(service: LoginService): Handler {
  return asPage(service, async (ctx) => {
    const { login, cookie, registry } = service;
    const redirectUri = callbackUrl(service, ctx);
    const pending = cookie.get(ctx, redirectUri);
    if (pending === undefined)
      throw new RegistryError(
        'PARAMETER_INVALID',
        'no login was begun in this browser in the last minutes, or it does not keep cookies: begin again',
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
    throw new RegistryError('DENIED', `your name at ${provider} cannot be used here: it is another source's`);
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
    'this registry does not know its own name: its operator has to set auth.token.realm or http.host',
  );
}

/** Whether another site sent the browser here (W3C Fetch Metadata): no login begins that nobody asked for. */
function isSentByOtherSite(ctx: RouteContext): boolean {
  return ['cross-site', 'same-site'].includes(ctx.get('sec-fetch-site'));
}

/** What fails is told on a page, as people are reading. */
function asPage({ logger }: LoginService, handle: (ctx: RouteContext) => Promise<void>): Handler {
  return async (ctx) => {
    try {
      await handle(ctx);
    } catch (error) {
      const { requestId, logFields } = ctx.state;
      const { status, body, retryAfterSeconds, isFault } = answerTo(error, requestId);
      const [{ code, message }] = body.errors;
      if (isFault) logger.error({ err: error, requestId, ...logFields }, 'request failed');
      logFields['error'] = code;
      if (retryAfterSeconds !== undefined) ctx.set('Retry-After', String(retryAfterSeconds));
      sendPage(ctx, status, failurePage(message));
    }
  };
}
