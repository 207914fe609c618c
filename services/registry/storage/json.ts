import { z } from 'zod';
import { ObjectTooLargeError } from './object-store.ts';

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

/** Whether reading an object failed since it is damaged, or a later version wrote it. The store itself has not failed. */
export function isMalformed(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof z.ZodError || error instanceof ObjectTooLargeError;
}

/** What {@link orDamaged} finds in the place of an object that is malformed. */
export const DAMAGED = Symbol('damaged');

/** What is read; {@link DAMAGED} where the stored object is malformed. Throws what the store throws. */
export async function orDamaged<T>(reading: Promise<T>): Promise<T | typeof DAMAGED> {
  try {
    return await reading;
  } catch (error) {
    if (isMalformed(error)) return DAMAGED;
    throw error;
  }
}
