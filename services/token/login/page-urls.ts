import type { Config } from '../../config/schema.ts';
import { trustedProxyTest } from '../../http/client-address.ts';
import type { RouteContext } from '../../http/context.ts';
import { urlsOf } from '../../http/urls.ts';

type TokenAuth = NonNullable<NonNullable<Config['auth']>['token']>;

/** Where a page is for browsers: beside the token endpoint, as clients are told of that. */
export function pageUrlsOf(
  { host, prefix, trustedproxies }: Config['http'],
  { realm, autoredirect, autoredirectpath }: TokenAuth,
  page: 'login' | 'callback',
): (ctx: RouteContext) => string {
  if (realm !== undefined && !autoredirect) {
    const url = new URL(page, realm).href;
    return () => url;
  }
  const urlOf = urlsOf({ host, relativeUrls: false, prefix }, trustedProxyTest(trustedproxies));
  const path = autoredirectpath.replace(/[^/]*$/, page);
  return (ctx) => urlOf(ctx, path);
}
