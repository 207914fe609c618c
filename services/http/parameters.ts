import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Context, RouteContext } from './context.ts';

/** A parameter of the path, decoded. */
export function param(ctx: RouteContext, name: string): string {
  const value: unknown = ctx.params[name];
  return Array.isArray(value) ? value.join('/') : String(value ?? '');
}

/** A query parameter. Throws when it is given twice: two readers could use different ones. */
export function query(ctx: Context, name: string): string | undefined {
  const [value, ...more] = queryAll(ctx, name);
  if (more.length > 0) throw new RegistryError('PARAMETER_INVALID', `query parameter ${name} is given twice`);
  return value;
}

const queries = new WeakMap<IncomingMessage, URLSearchParams>();

/**
 * Every value of a query parameter that may be given several times. Not `ctx.query`: its time grows with the square of
 * the number of parameters, which clients choose.
 */
export function queryAll(ctx: Context, name: string): string[] {
  let parsed = queries.get(ctx.req);
  if (parsed === undefined) {
    parsed = new URLSearchParams(ctx.querystring);
    queries.set(ctx.req, parsed);
  }
  return parsed.getAll(name);
}
