import type { Random } from '../random.ts';
import { type Case, caseOf, type Header } from './case.ts';
import type { Known } from './scene.ts';
import { anyBytes, pick } from './texts.ts';

const TARGET = (known: Known) => `/v2/${known.name}/manifests/broken`;

/** A body that is not as long as its header says, or a header that says nothing. */
export function oddLength(random: Random, known: Known): Case {
  const body = known.image.bytes;
  const length = String(body.length);
  const base = { method: 'PUT', target: TARGET(known), body };
  const says = (...values: string[]): Header[] => values.map((value) => ['Content-Length', value]);
  return pick<() => Case>(random, [
    // What is left over is no request either.
    () => caseOf({ ...base, outcome: 'doubtful', headers: says(String(random.int(0, body.length - 1))) }),
    () => caseOf({ ...base, outcome: 'unfinished', headers: says(String(body.length + random.int(1, 1e6))) }),
    () => caseOf({ ...base, outcome: 'unfinished', headers: says('9007199254740991') }),
    () => caseOf({ ...base, outcome: 'doubtful', headers: says(pick(random, NO_LENGTHS)) }),
    () => caseOf({ ...base, outcome: 'doubtful', headers: says(length, '1') }),
    () => caseOf({ ...base, outcome: 'doubtful', headers: says(`${length}, 1`) }),
    () => caseOf({ ...base, outcome: 'doubtful', headers: says('1', length) }),
    () =>
      caseOf({ ...base, outcome: 'doubtful', headers: [...says(length), ['Transfer-Encoding', 'chunked']] }),
    () => caseOf({ ...base, outcome: 'doubtful', headers: [['Transfer-Encoding', 'chunked'], ...says('0')] }),
    () => unfinishedUpload(random, known),
  ])();
}

const NO_LENGTHS = [
  ...[
    '-1',
    '-0',
    '+5',
    '5x',
    '0x10',
    '1e3',
    '',
    ' ',
    '5 5',
    '99999999999999999999',
    '18446744073709551616',
    '5,',
    '5;5',
  ],
  ...['\0', '٣', 'NaN', '5.0', '"5"'],
];

function unfinishedUpload(random: Random, { name, uploads }: Known): Case {
  const target = `/v2/${name}/blobs/uploads/${pick(random, uploads)}`;
  const headers: Header[] = [['Content-Length', String(random.int(1000, 1e9))]];
  return caseOf({ outcome: 'unfinished', method: 'PATCH', target, headers, body: anyBytes(random, 500) });
}

/** A body in chunks that are none, or never end; and chunks as HTTP has them around what is no manifest. */
export function oddChunks(random: Random, known: Known): Case {
  const { name, uploads } = known;
  const toUpload = random.chance(0.3);
  const target = toUpload ? `/v2/${name}/blobs/uploads/${pick(random, uploads)}` : TARGET(known);
  const base = { method: toUpload ? 'PATCH' : 'PUT', target };
  const headers: Header[] = [['Transfer-Encoding', 'chunked']];
  const text = '{"schemaVersion":2';
  const good = `${text.length.toString(16)}\r\n${text}\r\n`;
  if (random.chance(0.3)) {
    const body = pick(random, [
      `${good}0\r\n\r\n`,
      `${text.length.toString(16)};a=b;c="d"\r\n${text}\r\n0;x\r\n\r\n`,
      `${good}0\r\nX-Trailer: 1\r\nETag: "x"\r\n\r\n`,
      `${[...text].map((char) => `1\r\n${char}\r\n`).join('')}0\r\n\r\n`,
      `${'0'.repeat(10)}${good}0\r\n\r\n`,
    ]);
    return caseOf({ method: 'PUT', target: TARGET(known), headers, body });
  }
  const unfinished = random.chance(0.3);
  const body = pick(random, unfinished ? UNFINISHED : BROKEN)(good, random);
  return caseOf({ ...base, outcome: unfinished ? 'unfinished' : 'doubtful', headers, body });
}

type Chunks = (good: string, random: Random) => string;

const UNFINISHED: readonly Chunks[] = [
  (good) => good,
  (good) => `${good}0\r\n`,
  (good) => `${good}0`,
  (good) => `${good}ff\r\nshort`,
  (good) => `${good}7fffffff\r\nshort`,
  (good) => good.slice(0, -1),
  (good) => `${good}0\r\nX-Trailer: 1\r\n`,
  // Here, since they may begin with the size of a chunk that never comes.
  (good, random) => `${good}${anyBytes(random, 300)}\r\n\r\n`,
];

const BROKEN: readonly Chunks[] = [
  (good) => `${good}zz\r\nx\r\n0\r\n\r\n`,
  (good) => `${good}-5\r\nhello\r\n0\r\n\r\n`,
  (good) => `${good}\r\nhello\r\n0\r\n\r\n`,
  (good) => `${good}${'F'.repeat(17)}\r\nx\r\n0\r\n\r\n`,
  (good) => `${good}0x5\r\nhello\r\n0\r\n\r\n`,
  (good) => `${good}5\nhello\n0\n\n`,
  (good) => `${good}5\r\nhelloworld\r\n0\r\n\r\n`,
  (good) => `${good}5;${'x'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`,
  (good) => `${good}5 ;\0\r\nhello\r\n0\r\n\r\n`,
  (good) => `${good}0\r\n${'X-T: 1\r\n'.repeat(8000)}\r\n`,
  (good) => `${good}0\r\nno trailer\r\n\r\n`,
  (good) => `${good}0\r\nContent-Length: 5\r\n\r\n`,
  (good) => `${good}0\r\nX: \0\r\n\r\n`,
];
