import type { RouteContext } from '../../http/context.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { ApiNode } from '../node.ts';

/** How many entries a client wants at most; throws PAGINATION_NUMBER_INVALID for anything but a whole number. */
export function parseLimit(text: string | undefined, most: number): number {
  if (text === undefined) return most;
  if (!/^\d{1,9}$/.test(text))
    throw new RegistryError('PAGINATION_NUMBER_INVALID', 'n is how many entries to list: a whole number', {
      n: text.slice(0, 100),
    });
  return Math.min(Number(text), most);
}

/** Leads to the next page (RFC 8288), which begins after the entry `last`; undefined on the last page. */
export function linkNext(
  node: ApiNode,
  ctx: RouteContext,
  path: string,
  { limit, last }: { readonly limit: number; readonly last: string | undefined },
  filter: Readonly<Record<string, string>> = {},
): void {
  if (last === undefined) return;
  const parameters = new URLSearchParams({ ...filter, n: String(limit), last });
  ctx.set('Link', `<${node.urlOf(ctx, `${path}?${parameters}`)}>; rel="next"`);
}
