import type { Random } from '../random.ts';
import { type Case, caseOf } from './case.ts';
import { unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { anyBytes, pick } from './texts.ts';

/** Methods that HTTP knows, and this registry does nowhere. */
const ELSEWHERE = [
  ...[
    'ACL',
    'BIND',
    'CHECKOUT',
    'COPY',
    'LINK',
    'LOCK',
    'M-SEARCH',
    'MERGE',
    'MKACTIVITY',
    'MKCALENDAR',
    'MKCOL',
  ],
  ...['MOVE', 'NOTIFY', 'OPTIONS', 'PROPFIND', 'PROPPATCH', 'PURGE', 'QUERY', 'REBIND', 'REPORT', 'SEARCH'],
  ...['SOURCE', 'SUBSCRIBE', 'TRACE', 'UNBIND', 'UNLINK', 'UNLOCK', 'UNSUBSCRIBE'],
];

/** A method that an endpoint does not do. */
export function oddMethod(random: Random, known: Known): Case {
  const { name, tag, image } = known;
  const v2 = `/v2/${name}`;
  const [method, target] = pick<readonly [readonly string[], string]>(random, [
    [ELSEWHERE, `${v2}/manifests/${tag}`],
    [ELSEWHERE, `${v2}/blobs/${image.layers[0]?.digest}`],
    [ELSEWHERE, `${v2}/blobs/uploads/`],
    [ELSEWHERE, `${v2}/blobs/uploads/${pick(random, known.uploads)}`],
    [
      [...ELSEWHERE, 'POST', 'PUT', 'PATCH', 'DELETE'],
      pick(random, ['/v2/', '/v2/_catalog', '/livez', '/readyz']),
    ],
    [[...ELSEWHERE, 'POST', 'PUT', 'PATCH', 'DELETE'], `${v2}/tags/list`],
    [[...ELSEWHERE, 'POST', 'PUT', 'PATCH', 'DELETE'], `${v2}/referrers/${unknownDigest(random)}`],
    [[...ELSEWHERE, 'POST', 'PATCH'], `${v2}/manifests/${tag}`],
    [[...ELSEWHERE, 'POST', 'PATCH', 'PUT'], `${v2}/blobs/${image.config.digest}`],
    [['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD'], `${v2}/blobs/uploads/`],
    [
      ['PUT', 'PATCH', 'DELETE'],
      `/api/v1/${pick(random, ['promotions', 'status', 'publications', 'openapi.json'])}`,
    ],
  ]);
  const body = random.chance(0.3) ? { body: anyBytes(random, 200) } : {};
  return caseOf({ method: pick(random, method), target, ...body });
}

/** A first line that no parser of HTTP/1.1 needs to take. */
export function oddFirstLine(random: Random): Case {
  const target = '/v2/UPPER/manifests/x';
  const outcome = 'doubtful' as const;
  if (random.chance(0.4)) {
    const version = pick(random, [
      'HTTP/1.0',
      'HTTP/0.9',
      'HTTP/2.0',
      'HTTP/9.9',
      'HTTP/1.1.1',
      'http/1.1',
      'HTP/1.1',
      '',
      '\0',
    ]);
    return caseOf({ outcome, target, version });
  }
  if (random.chance(0.2)) {
    // Another protocol altogether: HTTP/2, TLS, SSH, or nothing that anybody knows.
    const text = pick(random, [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
      'SSH-2.0-x\r\n',
    ]);
    const bytes = Buffer.from(random.chance(0.5) ? text : `${anyBytes(random, 400)}\r\n\r\n`, 'latin1');
    return { outcome: 'unfinished', method: 'GET', bytes };
  }
  const method = pick(random, [
    ...[
      'FOO',
      'get',
      'GE T',
      'GET\0',
      '',
      ' GET',
      'GET\t',
      'CONNECT',
      'G\xc8T',
      'X'.repeat(5000),
      '\r\n\r\nGOT',
      'GET/x',
    ],
  ]);
  return caseOf({ outcome, method, target: method === 'CONNECT' ? 'evil.example:443' : target });
}
