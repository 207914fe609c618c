/** A part of a `multipart/byteranges` body. */
export interface BytesPart {
  readonly contentType: string | undefined;
  readonly contentRange: string | undefined;
  readonly bytes: Buffer;
}

/** Takes a `multipart/byteranges` body apart (RFC 2046, section 5.1), strictly; throws where it is not one. */
export function parseByteRanges(contentType: string, body: Buffer): BytesPart[] {
  const boundary = /^multipart\/byteranges; ?boundary="?([^"]+)"?$/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`not multipart/byteranges: ${contentType}`);
  // Latin-1: a character is a byte.
  const delimited = `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`);
  const [before, ...parts] = delimited;
  const after = parts.pop();
  if (before !== '' || after !== '--\r\n')
    throw new Error('the body does not begin or end with its boundary');
  return parts.map((part) => {
    const end = part.indexOf('\r\n\r\n');
    if (!part.startsWith('\r\n') || end < 0) throw new Error('a part without headers');
    const headers = new Headers(
      part
        .slice(2, end)
        .split('\r\n')
        .map((line): [string, string] => {
          const [name = '', value = ''] = line.split(': ', 2);
          return [name, value];
        }),
    );
    return {
      contentType: headers.get('content-type') ?? undefined,
      contentRange: headers.get('content-range') ?? undefined,
      bytes: Buffer.from(part.slice(end + 4), 'latin1'),
    };
  });
}
