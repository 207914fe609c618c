import type { Config } from '../../config/schema.ts';
import type { RouteContext } from '../../http/context.ts';
import { absoluteUrlsOf } from '../../http/urls.ts';

type TokenAuth = NonNullable<NonNullable<Config['auth']>['token']>;

/** The URL of a page for browsers: next to the token endpoint, as challenges name it. */
export function pageUrlsOf(
  http: Config['http'],
  { realm, autoredirect, autoredirectpath }: TokenAuth,
  page: 'login' | 'callback',
): (ctx: RouteContext) => string {
  if (realm !== undefined && !autoredirect) {
    const url = new URL(page, realm).href;
    return () => url;
  }
  const urlOf = absoluteUrlsOf(http);
  const path = autoredirectpath.replace(/[^/]*$/, page);
  return (ctx) => urlOf(ctx, path);
}
