import { z } from 'zod';
import { about, addProblem } from './key.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  ...{ '': 1, B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
};
const PATTERN = /^(\d{1,15}(?:\.\d{1,6})?) ?([kMGT]?B|[KMGT]iB|)$/;

const SIZE = 'expected a size such as 500MB or 8GiB, or a number of bytes';

/** The bytes of a size such as `500MB` or `8GiB`, rounded down; undefined for other text. */
export function bytesOf(text: string): number | undefined {
  const [, count, unit = ''] = PATTERN.exec(text) ?? [];
  const sizeBytes = count === undefined ? Number.NaN : Math.floor(Number(count) * (UNIT_BYTES[unit] ?? 0));
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}

/** A size with a unit, or a number of bytes; in bytes, of at least `min`. `expected` is the message for less. */
export function Size(min: number, expected: string) {
  const type = z.union([z.string(), z.number()], SIZE).transform((value, context): number => {
    const sizeBytes = bytesOf(String(value));
    if (sizeBytes !== undefined && sizeBytes >= min) return sizeBytes;
    addProblem(context, [], sizeBytes === undefined ? SIZE : expected);
    return z.NEVER;
  });
  return about(type, { example: '250MB' });
}
