import { createHash } from 'node:crypto';

const SEGMENT_MAX_CHARACTERS = 160;

/**
 * Encodes a name as one key segment, unique on every backend, even on a file system that ignores case: all bytes but
 * lower-case letters, digits and dashes become `_<hex>`. Different names have different segments; very long ones end in
 * a hash.
 */
export function keySegment(name: string): string {
  const escaped = Buffer.from(name, 'utf8').reduce(
    (text, byte) => text + (isPlain(byte) ? String.fromCharCode(byte) : `_${hexByte(byte)}`),
    '',
  );
  if (escaped.length > SEGMENT_MAX_CHARACTERS)
    // No escape begins with `_s`, so no shorter name can be written like this.
    return `${escaped.slice(0, 64)}_s${createHash('sha256').update(name, 'utf8').digest('hex')}`;
  return escaped === '' ? '_' : escaped;
}

function isPlain(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
