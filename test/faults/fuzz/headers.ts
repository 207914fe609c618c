import type { Random } from '../random.ts';
import { type Case, caseOf, type Header } from './case.ts';
import { unknownDigest } from './names.ts';
import type { Known } from './scene.ts';
import { anyBytes, hex, oddValue, pick } from './texts.ts';

const NAMES = [
  ...[
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Authorization',
    'Cookie',
    'Content-Type',
    'Content-Encoding',
  ],
  ...['Content-Range', 'Forwarded', 'From', 'If-Match', 'If-Modified-Since', 'If-None-Match', 'If-Range'],
  ...[
    'If-Unmodified-Since',
    'Max-Forwards',
    'Origin',
    'Pragma',
    'Range',
    'Referer',
    'TE',
    'User-Agent',
    'Via',
  ],
  ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Request-Id', 'X-HTTP-Method-Override'],
  ...['Docker-Content-Digest', 'OCI-Subject', '__proto__', 'constructor', 'hasOwnProperty', 'Keep-Alive'],
];

/** A request for what is not there, with headers that a server may make nothing of. */
export function oddHeaders(random: Random, { name }: Known): Case {
  const count = random.chance(0.02) ? random.int(100, 600) : random.int(1, 4);
  const headers: Header[] = Array.from({ length: count }, () => [pick(random, NAMES), short(random, count)]);
  if (random.chance(0.15)) headers.push(['Host', oddHost(random)]);
  const method = pick(random, ['GET', 'HEAD', 'GET', 'DELETE']);
  const kind = pick(random, ['manifests', 'blobs']);
  return caseOf({ method, target: `/v2/${name}/${kind}/${unknownDigest(random)}`, headers });
}

/** So many headers may still not weigh more than a server takes. */
function short(random: Random, count: number): string {
  return oddValue(random).slice(0, Math.floor(20_000 / count));
}

function oddHost(random: Random): string {
  return pick(random, [
    ...[
      '',
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost:99999',
      '[::1',
      '[::1]]',
      '[::ffff:127.0.0.1',
      'a b',
    ],
    ...[
      '127.0.0.1:x',
      'user@127.0.0.1',
      '127.0.0.1/..',
      '127.1',
      '0x7f000001',
      '0',
      '*',
      `${'a'.repeat(300)}.example`,
    ],
    oddValue(random),
  ]);
}

/**
 * Entity tags that are none, or a condition that does not hold: over a manifest that is there already. A push of that one
 * would be done already, whatever the condition.
 */
export function oddCondition(random: Random, { name, tag, image }: Known): Case {
  const [header, value] = pick<readonly [string, string]>(random, [
    ['If-Match', `"${unknownDigest(random)}"`],
    ['If-Match', `"${unknownDigest(random)}", W/"x", "y"`],
    [
      'If-Match',
      pick(random, [
        'x',
        '"',
        '"x',
        'x"',
        '""x""',
        'W/x',
        'w/"x"',
        '"a" "b"',
        '*, "x"',
        '"a\x01'.slice(0, 2),
      ]),
    ],
    ['If-Match', Array.from({ length: 150 }, () => '"x"').join(',')],
    ['If-None-Match', '*'],
    ['If-None-Match', pick(random, ['"x"', `"${image.digest}"`, 'x', '"x', '**', '*, *'])],
  ]);
  const headers: Header[] = [
    ['Content-Type', image.mediaType],
    [header, value],
  ];
  if (random.chance(0.2)) headers.push(['If-Match', '*'], ['If-None-Match', '*']);
  const body = Buffer.concat([image.bytes, Buffer.from('\n')]);
  return caseOf({ method: 'PUT', target: `/v2/${name}/manifests/${tag}`, headers, body });
}

/** A range of a blob that cannot be, and any `Range` at all, which a server may pass over. */
export function oddRange(random: Random, { name, image }: Known): Case {
  const digest = pick(random, [image.config, ...image.layers]).digest;
  const target = `/v2/${name}/blobs/${digest}`;
  if (random.chance(0.5)) {
    const range = pick(random, [
      'bytes=5-3',
      'bytes=-0',
      'bytes=100000-',
      'bytes=999999999999-',
      'bytes=100001-5',
    ]);
    return caseOf({ target, headers: [['Range', range]] });
  }
  const position = () =>
    pick(random, ['', '0', '1', '99', '-1', '1e3', ' 5', '99999999999999999999', hex(random, 3)]);
  const one = () => `${position()}-${position()}`;
  const range = pick<() => string>(random, [
    () => `bytes=${one()}`,
    () => `bytes=${Array.from({ length: random.int(2, 1000) }, one).join(',')}`,
    () => `${pick(random, ['Bytes', 'items', '', 'bytes ', 'bytes=bytes'])}=${one()}`,
    () => oddValue(random),
  ])();
  const headers: Header[] = [['Range', range.slice(0, 8000)]];
  if (random.chance(0.5)) headers.push(['If-Range', oddValue(random)]);
  if (random.chance(0.2)) headers.push(['If-None-Match', oddValue(random)]);
  return caseOf({ outcome: 'read', method: pick(random, ['GET', 'HEAD']), target, headers });
}

/** Headers that a parser of HTTP refuses by itself, or has to decide about. */
export function brokenHeaders(random: Random): Case {
  const control = String.fromCharCode(pick(random, [0, 1, 7, 8, 10, 11, 12, 13, 27, 127]));
  const big = 'x'.repeat(random.int(33_000, 90_000));
  const headers = pick<() => Header[]>(random, [
    () => [['X-Odd', `a${control}b`]],
    () => [[`X-${control}Odd`, 'a']],
    () => [['X Odd', 'a']],
    () => [['', 'a']],
    () => [['X-Odd\r\n', 'a']],
    () => [['X-Odd', 'a\r\n folded']],
    () => [[' X-Odd', 'a']],
    () => [['X-Odd\xff', 'a']],
    () => [['(X-Odd)', 'a']],
    () => [['X-Odd', big]],
    () => [['Cookie', big]],
    () => Array.from({ length: 3000 }, (_, i) => [`X-${i}`, 'abc'] as const),
    () => [['Expect', pick(random, ['100-continue', '200-ok', '100-continue, x', oddValue(random)])]],
    () => [
      ['Upgrade', pick(random, ['h2c', 'websocket', 'TLS/1.0', oddValue(random)])],
      ['Connection', 'Upgrade'],
    ],
    () => [['Connection', pick(random, ['close', 'Host', 'Content-Length', 'upgrade', oddValue(random)])]],
    () => [
      [
        'Transfer-Encoding',
        pick(random, ['gzip', 'identity', 'chunked, gzip', 'xchunked', ' ', oddValue(random)]),
      ],
    ],
    () => [
      ['Host', '127.0.0.1'],
      ['Host', 'evil.example'],
    ],
    () => [
      ['Proxy-Connection', 'keep-alive'],
      ['Connection', 'keep-alive, close'],
    ],
    () => [['X-Odd', anyBytes(random, 100)]],
  ])();
  return caseOf({ outcome: 'doubtful', target: '/v2/UPPER/manifests/x', headers });
}
