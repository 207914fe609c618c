/** A part of a `multipart/byteranges` body. */
export interface BytesPart {
  readonly first: number;
  readonly last: number;
  /** Of the whole, as the part states it. */
  readonly sizeBytes: number;
  readonly bytes: Buffer;
}

const CONTENT_RANGE = /^content-range: *bytes (\d+)-(\d+)\/(\d+) *$/im;

/** Takes such a body apart (RFC 9110, section 14.6); undefined if it is malformed. */
export function parseParts(contentType: string, body: Buffer): BytesPart[] | undefined {
  const boundary = /^multipart\/byteranges *;.*\bboundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  // Latin-1: a character is a byte.
  const pieces = `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`);
  const parts: BytesPart[] = [];
  for (const piece of pieces.slice(1, -1)) {
    const end = piece.indexOf('\r\n\r\n');
    const [, first, last, size] = CONTENT_RANGE.exec(piece.slice(0, Math.max(0, end))) ?? [];
    if (size === undefined) return undefined;
    const bytes = Buffer.from(piece.slice(end + 4), 'latin1');
    parts.push({ first: Number(first), last: Number(last), sizeBytes: Number(size), bytes });
  }
  return pieces.at(-1)?.startsWith('--') ? parts : undefined;
}
