import type { z } from 'zod';
import { RegistryError } from '../registry/oci/errors.ts';
import { readBody } from './body.ts';
import type { Context } from './context.ts';

/** A request's body, read as JSON of this schema; an empty body is `{}`. Throws PARAMETER_INVALID. */
export async function readJson<T>(ctx: Context, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  const invalid = (what: string) => new RegistryError('PARAMETER_INVALID', what);
  const bytes = await readBody(ctx.req, maxBytes, () =>
    invalid(`the body may have at most ${maxBytes} bytes`),
  );
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8') || '{}');
  } catch {
    throw invalid('the body is not JSON');
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const [issue] = error.issues;
  throw invalid(`${issue?.path.join('.') || 'body'}: ${issue?.message.slice(0, 500) ?? 'malformed'}`);
}

/** Answers with JSON. */
export function sendJson(ctx: Context, status: number, body: object): void {
  ctx.status = status;
  ctx.set('Content-Type', 'application/json');
  ctx.body = Buffer.from(`${JSON.stringify(body)}\n`);
}
