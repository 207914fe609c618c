import { createHash, randomBytes } from 'node:crypto';

/** Bytes that no registry has. */
export function newBytes(sizeBytes = 1000): Buffer {
  return randomBytes(sizeBytes);
}

/** Bytes that are always the same for the same label, and for no other. */
export function bytesOf(label: string, sizeBytes = 300): Buffer {
  const blocks = Array.from({ length: Math.ceil(sizeBytes / 64) }, (_, i) =>
    createHash('sha512').update(`${label} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}
