import type { Random } from '../random.ts';
import type { Known } from './scene.ts';
import { hex, pick } from './texts.ts';

/** What no repository's name has in it, wherever it stands; as it stands in a target. */
const NEVER_IN_A_NAME = [
  ...[
    'A',
    'Z',
    '%00',
    '%0a',
    '%0d%0a',
    '%20',
    '%25',
    '%2525',
    '%ff',
    '%c3%a4',
    '%c0%ae',
    '%',
    '%zz',
    '%2%',
    '..',
  ],
  ...[
    '/../',
    '/./',
    '//',
    '%2f%2f',
    '%2e%2e',
    '%2f..%2f',
    '%252e%252e%252f',
    '%5c',
    '\\',
    '~',
    '!',
    '$',
    '&',
  ],
  ...[
    "'",
    '(',
    ')',
    '*',
    '+',
    ',',
    ';',
    '=',
    ':',
    '@',
    '|',
    '^',
    '`',
    '{',
    '}',
    '[',
    ']',
    '"',
    '<',
    '>',
    '___',
  ],
  ...['._', '-.', '%3f', '%23', '..;', '%e2%80%ae', '%ed%a0%80', '%f4%90%80%80', '/_layers/', '/_uploads/'],
];
const NO_NAMES = [
  ...['..', '.', '%2e%2e', '%2e', '-a', 'a-', '_a', 'a_', '.a', 'a.', '/a', 'a/', '__proto__', '%5f_proto__'],
  ...[
    '..%2f..%2f..%2fetc%2fpasswd',
    '../../../../etc/passwd',
    '%2e%2e/%2e%2e/%2e%2e',
    `%2f${'..%2f'.repeat(50)}`,
  ],
  ...['x'.repeat(256), `${'a/'.repeat(2000)}A`, 'a'.repeat(12_000), 'a-'.repeat(3000), 'a__'.repeat(3000)],
];

/** What is no repository's name, as it stands in a target. */
export function noName(random: Random, { name }: Known): string {
  return random.chance(0.3) ? pick(random, NO_NAMES) : damaged(random, name, NEVER_IN_A_NAME);
}

const NEVER_IN_A_TAG = [
  ...[
    '%00',
    '%0a',
    '%20',
    '%25',
    '%ff',
    '%',
    '%zz',
    '%2f',
    '%2f..%2f',
    '%5c',
    '\\',
    '~',
    '!',
    '$',
    '&',
    "'",
    '(',
  ],
  ...[
    ')',
    '*',
    '+',
    ',',
    ';',
    '=',
    '@',
    '|',
    '^',
    '{',
    '}',
    '[',
    ']',
    '"',
    '<',
    '>',
    '%c3%a4',
    '%3f',
    '%23',
    ':',
  ],
];
const NO_REFERENCES = [
  ...[
    '.',
    '..',
    '%2e%2e',
    '.x',
    '-x',
    '%2e%2e%2f%2e%2e',
    'a'.repeat(129),
    'a'.repeat(9000),
    ':',
    ':x',
    '@',
    '*',
  ],
];

/** What is neither a tag nor a digest, as it stands in a target. */
export function noReference(random: Random, { tag }: Known): string {
  if (random.chance(0.4)) return noDigest(random);
  return random.chance(0.3) ? pick(random, NO_REFERENCES) : damaged(random, tag, NEVER_IN_A_TAG);
}

/** What begins as a digest does and is none, or of an algorithm that nobody here knows. */
export function noDigest(random: Random): string {
  const length = random.int(0, 130);
  return pick(random, [
    `sha256:${hex(random, length === 64 ? 63 : length)}`,
    `sha512:${hex(random, length === 128 ? 127 : length)}`,
    `sha256:${'A'.repeat(64)}`,
    `sha256:${hex(random, 63)}g`,
    `sha256:${hex(random, 64)}%0a`,
    `sha256:%00${hex(random, 64)}`,
    `SHA256:${hex(random, 64)}`,
    `sha256%253a${hex(random, 64)}`,
    `sha384:${hex(random, 96)}`,
    `md5:${hex(random, 32)}`,
    `sha256:sha256:${hex(random, 64)}`,
    `sha256:..%2f..%2f${hex(random, 58)}`,
    `:${hex(random, 64)}`,
    `sha256:${hex(random, 64)}:${hex(random, 64)}`,
    `sha256+b64:${hex(random, 43)}`,
    `sha256:${'0'.repeat(9000)}`,
  ]);
}

/** A digest of nothing that is there. */
export function unknownDigest(random: Random): string {
  return random.chance(0.7) ? `sha256:${hex(random, 64)}` : `sha512:${hex(random, 128)}`;
}

/** What names no upload that is open. */
export function noUpload(random: Random): string {
  const id = `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`;
  return pick(random, [
    ...[
      id,
      id,
      id,
      `${id}x`,
      id.slice(1),
      `${id}%00`,
      `${id}%2f..`,
      `%7b${id}%7d`,
      id.toUpperCase().replace(/^./, 'G'),
    ],
    ...['..', '%2e%2e', '.', 'x', '0', '%00', '%ff', '%', '*', '__proto__', 'startedat', 'x'.repeat(9000)],
  ]);
}

/** The text with one of these somewhere in it. */
function damaged(random: Random, text: string, never: readonly string[]): string {
  const at = random.int(0, text.length);
  return text.slice(0, at) + pick(random, never) + text.slice(at);
}
