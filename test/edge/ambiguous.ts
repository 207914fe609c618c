/** Requests that two readers might part in two ways: where one ends and the next, hidden in it, begins. */
export interface Ambiguous {
  readonly name: string;
  /** What is sent, as it stands on the wire; `HIDDEN` is the path that must never be asked for. */
  readonly bytes: string;
}

export const HIDDEN = '/v2/hidden/tags/list';
const SHOWN = '/v2/shown/tags/list';
const HOST = 'Host: localhost';
const INNER = `GET ${HIDDEN} HTTP/1.1\r\n${HOST}\r\n\r\n`;
const INNER_HEX = INNER.length.toString(16);

/** A request with a body, which hides another one from whoever reads its framing otherwise. */
function post(headers: readonly string[], body: string, version = 'HTTP/1.1'): string {
  return `PUT ${SHOWN} ${version}\r\n${[HOST, ...headers].join('\r\n')}\r\n\r\n${body}`;
}

/** A chunked body that is over, and then the hidden request, within the length that is told. */
const OVER_THEN_HIDDEN = `0\r\n\r\n${INNER}`;

const TRANSFER_ENCODINGS = [
  ...['Transfer-Encoding: xchunked', 'Transfer-Encoding : chunked', 'Transfer-Encoding:\tchunked'],
  ...[
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: identity',
  ],
  ...[
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
    'Transfer-encoding: x',
  ],
  ...[
    'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
    ' Transfer-Encoding: chunked',
  ],
  ...[
    'X: y\nTransfer-Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\x0b',
  ],
  ...[
    'Transfer-Encoding: \x00chunked',
    'Transfer_Encoding: chunked',
    'Transfer-Encoding: CHUNKED',
    'TRANSFER-ENCODING: chunked',
  ],
  ...['Transfer-Encoding: chun\u00ebked', 'Transfer-Encoding;: chunked', 'Transfer-Encoding: chunked;q=1'],
];

export const AMBIGUOUS: readonly Ambiguous[] = [
  ...TRANSFER_ENCODINGS.map((header) => ({
    name: `Content-Length and ${JSON.stringify(header)}`,
    bytes: post([`Content-Length: ${OVER_THEN_HIDDEN.length}`, header], OVER_THEN_HIDDEN),
  })),
  ...TRANSFER_ENCODINGS.map((header) => ({
    name: `${JSON.stringify(header)} alone`,
    bytes: post([header], OVER_THEN_HIDDEN.replace(INNER, '')),
  })),
  ...[
    ['Content-Length: 0', `Content-Length: ${INNER.length}`],
    [`Content-Length: ${INNER.length}`, 'Content-Length: 0'],
    [`Content-Length: ${INNER.length}`, `Content-Length: ${INNER.length}`],
    [`Content-Length: 0, ${INNER.length}`],
    [`Content-Length: ${INNER.length}, ${INNER.length}`],
    [`Content-Length: +${INNER.length}`],
    ['Content-Length: -1'],
    [`Content-Length: 0x${INNER_HEX}`],
    [`Content-Length: ${INNER.length}abc`],
    [`Content-Length: ${INNER.length} 0`],
    ['Content-Length: 18446744073709551616'],
    ['Content-Length: 18446744073709551617'],
    ['Content-Length: '],
    [`Content-Length : ${INNER.length}`],
    [`Content-Length:\r\n ${INNER.length}`],
    [`Content-Length\x00: ${INNER.length}`],
    [`Content_Length: ${INNER.length}`],
    [`X: y\r\n Content-Length: ${INNER.length}`],
    [`X: y\nContent-Length: ${INNER.length}`],
    [`X: y\rContent-Length: ${INNER.length}`],
    [`Connection: Content-Length`, `Content-Length: ${INNER.length}`],
    [`Connection: Transfer-Encoding`, `Content-Length: ${INNER.length}`],
  ].map((headers) => ({ name: JSON.stringify(headers), bytes: post(headers, INNER) })),
  ...[
    [`${INNER_HEX}\r\n${INNER}\r\n0\r\n\r\n`, 'a chunk that holds it'],
    [`${INNER_HEX};a="\r\n${INNER}"\r\n${INNER}\r\n0\r\n\r\n`, 'a chunk extension with a line end in quotes'],
    [`0\n\n${INNER}`, 'chunks that end in bare LF'],
    [`1\nx\n0\n\n${INNER}`, 'a chunk that ends in bare LF'],
    [`1;a\nb\r\nx\r\n0\r\n\r\n${INNER}`, 'bare LF in a chunk extension'],
    [`1\rx\r0\r\r${INNER}`, 'chunks that end in bare CR'],
    [`0x1\r\nx\r\n0\r\n\r\n`, 'a size with 0x'],
    [`+1\r\nx\r\n0\r\n\r\n`, 'a size with a sign'],
    [` 1\r\nx\r\n0\r\n\r\n`, 'a size behind a blank'],
    [`1 \r\nx\r\n0\r\n\r\n`, 'a size before a blank'],
    [`1_0\r\nx\r\n0\r\n\r\n`, 'a size with an underscore'],
    [`ffffffffffffffff1\r\nx\r\n0\r\n\r\n`, 'a size of more than 64 bits'],
    [`10000000000000001\r\nx\r\n0\r\n\r\n`, 'a size that overflows to 1'],
    [`1\r\nxy\r\n0\r\n\r\n`, 'a chunk longer than its size'],
    [`0\r\nContent-Length: 5\r\n\r\n`, 'a length among the trailers'],
    [`0\r\nHost: other\r\nAuthorization: x\r\n\r\n`, 'other headers among the trailers'],
    [`\r\n0\r\n\r\n${INNER}`, 'an empty line before the first size'],
  ].map(([body = '', name = '']) => ({ name, bytes: post(['Transfer-Encoding: chunked'], body) })),
  ...[
    [post(['Transfer-Encoding: chunked'], OVER_THEN_HIDDEN, 'HTTP/1.0'), 'chunks in HTTP/1.0'],
    [
      post(['Transfer-Encoding: chunked', 'Content-Length: 4'], OVER_THEN_HIDDEN, 'HTTP/1.0'),
      'both in HTTP/1.0',
    ],
    [post([`Content-Length: ${INNER.length}`], INNER, 'HTTP/1.2'), 'HTTP/1.2'],
    [post([`Content-Length: ${INNER.length}`], INNER, 'HTTP/2.0'), 'HTTP/2.0'],
    [`GET ${SHOWN} HTTP/1.1\n${HOST}\n\n`, 'bare LF everywhere'],
    [
      `GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
      'a GET with a body',
    ],
    [`GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'a GET with chunks'],
    [
      `HEAD ${SHOWN} HTTP/1.1\r\n${HOST}\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
      'a HEAD with a body',
    ],
    [`GET http://other.example${SHOWN} HTTP/1.1\r\n${HOST}\r\n\r\n`, 'absolute form'],
    [`GET http://localhost@other.example${SHOWN} HTTP/1.1\r\n${HOST}\r\n\r\n`, 'absolute form with a user'],
    [
      `GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpj\r\n\r\n`,
      'two authorizations',
    ],
    [`GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nHost: other.example\r\n\r\n`, 'two hosts'],
    [`GET ${SHOWN} HTTP/1.1\r\n\r\n`, 'no host'],
    [`GET ${SHOWN} HTTP/1.1\r\nHost: a b\r\n\r\n`, 'a host with a blank'],
    [`GET ${SHOWN} HTTP/1.1\r\nHost: localhost\r\n x: y\r\n\r\n`, 'a folded host'],
    [`GET ${SHOWN} HTTP/1.1\r\n ${HOST}\r\n\r\n`, 'a blank before the first header'],
    [`GET  ${SHOWN}  HTTP/1.1\r\n${HOST}\r\n\r\n`, 'several blanks in the first line'],
    [`GET\t${SHOWN}\tHTTP/1.1\r\n${HOST}\r\n\r\n`, 'tabs in the first line'],
    [`GET ${SHOWN}\r\n${HOST}\r\n\r\n`, 'HTTP/0.9'],
    [`GET ${SHOWN} HTTP/1.1 \r\n${HOST}\r\n\r\n`, 'a blank behind the version'],
    [`GET ${SHOWN}?a HTTP/1.1\r\nX:${'\r\n'}${HOST}\r\n\r\n`, 'an empty header'],
    [`GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nX Y: z\r\n\r\n`, 'a blank in a header’s name'],
    [`GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nX: a\x00b\r\n\r\n`, 'NUL in a header'],
    [`GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nno colon\r\n\r\n`, 'a header without a colon'],
    [`GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\n: no name\r\n\r\n`, 'a header without a name'],
    [`GET ${SHOWN}#frag HTTP/1.1\r\n${HOST}\r\n\r\n`, 'a fragment'],
    [`GET ${SHOWN}\x01 HTTP/1.1\r\n${HOST}\r\n\r\n`, 'a control character in the path'],
    [
      `GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`,
      'an upgrade to h2c',
    ],
    [
      `GET ${SHOWN} HTTP/1.1\r\n${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n${INNER}`,
      'an upgrade to a WebSocket',
    ],
    [`CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n\r\n${INNER}`, 'CONNECT'],
    [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 'the preface of HTTP/2'],
    [
      `PUT ${SHOWN} HTTP/1.1\r\n${HOST}\r\nExpect: 100-continue\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
      'Expect, with the body at once',
    ],
    [
      `PUT ${SHOWN} HTTP/1.1\r\n${HOST}\r\nExpect: x\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
      'another Expect',
    ],
    [`\r\n\r\nGET ${SHOWN} HTTP/1.1\r\n${HOST}\r\n\r\n`, 'empty lines before a request'],
  ].map(([bytes = '', name = '']) => ({ name, bytes })),
];
