import { createHash } from 'node:crypto';

const SEGMENT_MAX_CHARACTERS = 160;

/**
 * Encodes a name as one key segment, unique on every backend, even on a file system that ignores case: all bytes but
 * lower-case letters, digits and dashes become `_<hex>`. Different names have different segments; very long ones end in
 * a hash.
 */
export function keySegment(name: string): string {
  // As Latin-1, a character is a byte of the name.
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  const escaped = bytes.replace(/[^a-z0-9-]/g, (byte) => `_${Buffer.from(byte, 'latin1').toString('hex')}`);
  if (escaped.length > SEGMENT_MAX_CHARACTERS)
    // No escape begins with `_s`, so no shorter name can be written like this.
    return `${escaped.slice(0, 64)}_s${createHash('sha256').update(name, 'utf8').digest('hex')}`;
  return escaped === '' ? '_' : escaped;
}

/** The name that a segment was made from; the segment itself where that cannot be known: it ends in a hash, or is no segment. */
export function nameOfSegment(segment: string): string {
  const bytes = segment.replace(/_([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const name = Buffer.from(bytes, 'latin1').toString('utf8');
  return keySegment(name) === segment ? name : segment;
}
