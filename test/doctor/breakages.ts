import { gzipSync } from 'node:zlib';
import { newBytes } from '../support/bytes.ts';
import { type Asked, type Break, BYTES, DIGEST } from './broken-mirror.ts';

/** A way in which a mirror breaks the contract, and what the doctor says of it. */
export interface Breakage {
  readonly title: string;
  readonly verdict: 'fault' | 'warning';
  /** The checks with this verdict. */
  readonly checks: readonly string[];
  /** Of the first of them. */
  readonly text: RegExp;
  readonly break: Break;
}

const PAGE = '<!DOCTYPE html><html><body>Please log in</body></html>';
const SIZE = BYTES.length;

/** Answers requests for one subject with a status and a body. */
function answer(
  subject: Asked['subject'],
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Buffer,
): Break {
  return (asked) => {
    if (asked.subject !== subject) return false;
    asked.response.writeHead(status, headers).end(body);
    return true;
  };
}

/** Answers the GET of the whole blob. */
function whole(act: (asked: Asked) => void): Break {
  return (asked) => {
    if (asked.subject !== 'held' || asked.range !== undefined || asked.request.method !== 'GET') return false;
    act(asked);
    return true;
  };
}

/** Answers a GET of the blob with a Range that matches. */
function ranged(pattern: RegExp, act: (asked: Asked) => void): Break {
  return (asked) => {
    if (asked.subject !== 'held' || !pattern.test(asked.range ?? '')) return false;
    act(asked);
    return true;
  };
}

function headOnly(act: (asked: Asked) => void): Break {
  return (asked) => {
    if (asked.subject !== 'held' || asked.request.method !== 'HEAD') return false;
    act(asked);
    return true;
  };
}

/** Sends half of the blob, and then does something to the connection. */
function half(then: (asked: Asked) => void): Break {
  return whole((asked) => {
    asked.response.writeHead(200, { 'content-length': String(SIZE) });
    asked.response.write(BYTES.subarray(0, SIZE / 2), () => setTimeout(() => then(asked), 100));
  });
}

const fault = (title: string, check: string, text: RegExp, break_: Break): Breakage => ({
  ...{ title, verdict: 'fault', checks: [check], text, break: break_ },
});
const warning = (title: string, check: string, text: RegExp, break_: Break): Breakage => ({
  ...{ title, verdict: 'warning', checks: [check], text, break: break_ },
});

/** What only a fake does on demand. */
export const BREAKAGES: readonly Breakage[] = [
  {
    title: 'a page for whatever it lacks',
    ...{ verdict: 'fault', checks: ['no-blob', 'missing'], text: /200 and an HTML page.*Answer 404/ },
    break: ({ subject, response }) => {
      if (subject !== 'held') response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      return subject !== 'held';
    },
  },
  fault(
    'a redirect of any path',
    'no-blob',
    /redirected to \/login/,
    answer('no blob', 302, { location: '/login' }),
  ),
  fault('a password', 'no-blob', /asks for credentials \(401\)/, answer('no blob', 401)),
  warning('a 403 for what is no blob', 'no-blob', /answered with 403: answer 404/, answer('no blob', 403)),

  fault(
    '404 for a missing blob',
    'missing',
    /404, of which clients die. Redirect it/,
    answer('missing', 404),
  ),
  fault('503 for a missing blob', 'missing', /answered with 503/, answer('missing', 503)),
  fault('403 for a missing blob', 'missing', /403: .*denies access/, answer('missing', 403)),
  fault(
    ...([
      'a redirect of missing blobs to a login page',
      'missing',
      /login, which is not its origin path/,
    ] as const),
    answer('missing', 302, { location: 'http://127.0.0.1:9/login' }),
  ),
  fault('a redirect of missing blobs to itself', 'missing', /to itself/, ({ subject, request, response }) => {
    if (subject === 'missing') response.writeHead(307, { location: String(request.url) }).end();
    return subject === 'missing';
  }),
  warning('429 for a missing blob', 'missing', /429: crane and oras repeat that/, answer('missing', 429)),
  warning('a bounce for ever', 'missing', /caches may keep the answer/, (asked) => {
    if (asked.subject === 'missing')
      asked.response.writeHead(301, { location: `http://127.0.0.1:9/origin${asked.request.url}` }).end();
    return asked.subject === 'missing';
  }),
  fault('416 for a missing blob with Range', 'missing-range', /with Range: .*416/, (asked) => {
    const breaks = asked.subject === 'missing' && asked.range !== undefined;
    if (breaks) asked.response.writeHead(416).end();
    return breaks;
  }),

  fault('403 for a blob that it has', 'held', /403: .*check the files' permissions/, answer('held', 403)),
  fault('500 for a blob that it has', 'held', /answered with 500 at http/, answer('held', 500)),
  fault(
    ...(['a limit of rates', 'held', /429, Retry-After: 1: a limit of rates/] as const),
    answer('held', 429, { 'retry-after': '1' }),
  ),
  fault(
    ...([
      'a redirect of its blobs to another host',
      'held',
      /redirected to https:\/\/cdn.example.org/,
    ] as const),
    answer('held', 302, { location: 'https://cdn.example.org/blob' }),
  ),
  fault('only a part of the blobs', 'held', /bounced \(307\): .*another directory/, (asked) => {
    const location = `http://127.0.0.1:9/origin${asked.request.url}`;
    if (asked.subject === 'held') asked.response.writeHead(307, { location }).end();
    return asked.subject === 'held';
  }),

  fault(
    ...(['compression', 'encoding', /gzip: .*Turn compression off/] as const),
    whole(({ response }) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(BYTES))),
  ),
  fault(
    ...(['no Content-Length', 'length', /no Content-Length: a cut looks like the end/] as const),
    whole(({ response }) => {
      response.writeHead(200);
      response.write(BYTES.subarray(0, 1000));
      response.end(BYTES.subarray(1000));
    }),
  ),
  {
    title: 'half of a file',
    ...{ verdict: 'fault', checks: ['length', 'bytes'], text: /100000 instead of 200000/ },
    break: whole(({ response }) =>
      response.writeHead(200, { 'content-length': String(SIZE / 2) }).end(BYTES.subarray(0, SIZE / 2)),
    ),
  },
  {
    title: 'a page in the place of a blob',
    ...{ verdict: 'fault', checks: ['length', 'bytes'], text: /instead of 200000/ },
    break: whole(({ response }) =>
      response.writeHead(200, { 'content-length': String(PAGE.length) }).end(PAGE),
    ),
  },
  fault(
    ...(['wrong bytes', 'bytes', /the bytes are wrong: .*check disk and memory/] as const),
    whole(({ response }) => response.writeHead(200, { 'content-length': String(SIZE) }).end(newBytes(SIZE))),
  ),
  fault(
    ...([
      'an answer that is cut',
      'bytes',
      /broke off: the server closed the connection, after 100000 bytes of 200000/,
    ] as const),
    half(({ response }) => response.socket?.end()),
  ),
  fault(
    ...(['an answer that is cut by a reset', 'bytes', /broke off: the connection was reset/] as const),
    half(({ response }) => response.socket?.resetAndDestroy()),
  ),
  fault(
    ...([
      'an answer that stalls',
      'bytes',
      /broke off: stalled: no further byte for 5 s, after 100000/,
    ] as const),
    half(() => undefined),
  ),

  fault(
    ...(['another digest in its header', 'digest-header', /sha256:0 instead of/] as const),
    whole(({ sound }) => sound({ 'docker-content-digest': 'sha256:0' })),
  ),
  warning(
    ...(['no digest in its headers', 'digest-header', /no Docker-Content-Digest/] as const),
    whole(({ sound }) => sound({ 'docker-content-digest': undefined })),
  ),

  {
    title: 'no ranges',
    ...{ verdict: 'fault', checks: ['range', 'resume'], text: /ignored \(200 instead of 206\)/ },
    break: ranged(/^bytes=\d+-\d*$/, ({ response }) => response.writeHead(200).end(BYTES)),
  },
  fault(
    ...(['the wrong part', 'range', /the bytes are not those that were asked for/] as const),
    ranged(/^bytes=0-99$/, ({ response }) =>
      response.writeHead(206, { 'content-range': `bytes 0-99/${SIZE}` }).end(BYTES.subarray(1, 101)),
    ),
  ),
  fault(
    ...(['a part of another size', 'range', /instead of bytes 0-99\/200000/] as const),
    ranged(/^bytes=0-99$/, ({ response }) =>
      response.writeHead(206, { 'content-range': `bytes 0-49/${SIZE}` }).end(BYTES.subarray(0, 50)),
    ),
  ),
  fault(
    ...(['a resumption from the beginning', 'resume', /resumed bytes do not continue/] as const),
    ranged(/^bytes=\d+-$/, ({ response }) =>
      response
        .writeHead(206, { 'content-range': `bytes ${SIZE / 2}-${SIZE - 1}/${SIZE}` })
        .end(BYTES.subarray(0, SIZE / 2)),
    ),
  ),
  fault(
    ...(['416 for a resumption', 'resume', /answered with 416 instead of 206/] as const),
    ranged(/^bytes=\d+-$/, ({ response }) => response.writeHead(416).end()),
  ),
  fault(
    ...(['416 for many ranges', 'many-ranges', /64 ranges at once are answered with 416/] as const),
    ranged(/,/, ({ response }) => response.writeHead(416).end()),
  ),
  fault(
    ...(['one range of many', 'many-ranges', /206 with Content-Type: undefined/] as const),
    ranged(/,/, ({ response }) =>
      response.writeHead(206, { 'content-range': `bytes 0-15/${SIZE}` }).end(BYTES.subarray(0, 16)),
    ),
  ),
  fault(
    ...(['other parts than those asked for', 'many-ranges', /the parts are not those/] as const),
    ranged(/,/, ({ response }) => {
      const part = `--x\r\nContent-Range: bytes 0-15/${SIZE}\r\n\r\n${BYTES.toString('latin1', 0, 16)}\r\n--x--\r\n`;
      response
        .writeHead(206, { 'content-type': 'multipart/byteranges; boundary=x' })
        .end(Buffer.from(part, 'latin1'));
    }),
  ),

  warning(
    'no HEAD',
    'head',
    /HEAD is answered with 405/,
    headOnly(({ response }) => response.writeHead(405).end()),
  ),
  fault(
    ...(['a HEAD of another size', 'head', /HEAD states 5 bytes instead of 200000/] as const),
    headOnly(({ response }) =>
      response.writeHead(200, { 'content-length': '5', 'docker-content-digest': DIGEST }).end(),
    ),
  ),
  warning('a clock of its own', 'clock', /Date header is \d+ s off/, (asked) => {
    asked.response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
    return false;
  }),
];
