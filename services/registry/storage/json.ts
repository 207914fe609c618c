import type { z } from 'zod';

/** A stored object that people may look at: indented JSON. */
export function encodeJson(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Parses the JSON of a stored object. Throws if it is not what the schema describes. */
export function parseJson<T>(schema: z.ZodType<T>, bytes: Buffer): T {
  return schema.parse(JSON.parse(bytes.toString('utf8')));
}

/** {@link parseJson}; undefined where that throws. */
export function tryParseJson<T>(schema: z.ZodType<T>, bytes: Buffer): T | undefined {
  try {
    return parseJson(schema, bytes);
  } catch {
    return undefined;
  }
}
