import { createHash } from 'node:crypto';

const SUM_BYTES = 32;

/** Bytes that vouch for themselves: what they are, the entries, and a checksum over both. */
export function seal(magic: Buffer, entries: readonly Buffer[]): Buffer {
  const body = Buffer.concat([magic, ...entries]);
  return Buffer.concat([body, sumOf(body)]);
}

/** The entries of what was sealed; undefined for bytes that are damaged, or of another kind or version. */
export function unseal(magic: Buffer, bytes: Buffer): Buffer | undefined {
  const body = bytes.subarray(0, -SUM_BYTES);
  const isWhole =
    body.subarray(0, magic.length).equals(magic) && sumOf(body).equals(bytes.subarray(-SUM_BYTES));
  return isWhole ? body.subarray(magic.length) : undefined;
}

function sumOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest();
}
