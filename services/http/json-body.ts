import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { RegistryError } from '../registry/oci/errors.ts';
import { readBody } from './body.ts';

/** Reads a request's body as JSON of this shape; an empty body is `{}`. Throws PARAMETER_INVALID with the place. */
export async function readJson<T>(
  request: IncomingMessage,
  schema: z.ZodType<T>,
  maxBytes: number,
): Promise<T> {
  const invalid = (message: string) => new RegistryError('PARAMETER_INVALID', message);
  const bytes = await readBody(request, maxBytes, () =>
    invalid(`the body may have at most ${maxBytes} bytes`),
  );
  let json: unknown;
  try {
    json = bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('the body is not JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'malformed'}`.slice(0, 500));
}
