import { z } from 'zod';

/** SHA-256 of an object's bytes, hexadecimal. */
export const HashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');

/** A place in the chain, and the hash of everything up to there. */
export const PlaceSchema = z.object({ seq: z.int().nonnegative(), hash: HashSchema });
export type Place = Readonly<z.infer<typeof PlaceSchema>>;

/** Parses a place as nodes log it: `1234:9f86d0…`. */
export function parsePlace(text: string): Place | undefined {
  const [, seq, hash] = /^([1-9]\d{0,11}):([0-9a-f]{64})$/.exec(text) ?? [];
  return hash === undefined ? undefined : { seq: Number(seq), hash };
}
