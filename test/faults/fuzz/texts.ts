import type { Random } from '../random.ts';

/** One of these; there is at least one. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.int(0, from.length - 1)] as T;
}

/** Hexadecimal digits. */
export function hex(random: Random, count: number): string {
  return random
    .bytes(Math.ceil(count / 2))
    .toString('hex')
    .slice(0, count);
}

const WORDS = [
  ...['', '0', '-1', '1', '00', '1e9', '0x10', '9007199254740993', '99999999999999999999', 'NaN', 'Infinity'],
  ...['null', 'undefined', 'true', '[object Object]', '__proto__', 'constructor', 'prototype', 'toString'],
  ...['..', '.', '../../../../etc/passwd', '..\\..\\', '~', '*', '$(id)', '`id`', "' OR 1=1 --", '<script>'],
  ...['%00', '%2e%2e%2f', '%252e%252e', '%', '%zz', '%ff', '%c3%28', '%u0041', '%0d%0aX: 1', '{{7*7}}'],
  ...['sha256:', 'sha256:0', 'sha512:', 'latest', 'a/b', 'a//b', '/', '//', '{}', '[]', '"', 'W/"x"', '"x"'],
  ...['\xff\xfe', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xe2\x80\xae', '\t', 'x'.repeat(5000)],
];

/** Text that a header's value may be in HTTP: visible characters, blanks, tabs, and bytes beyond ASCII. */
export function oddValue(random: Random): string {
  if (random.chance(0.7)) return pick(random, WORDS);
  const length = random.int(1, random.chance(0.02) ? 8000 : 60);
  return Array.from({ length }, () => String.fromCharCode(visible(random))).join('');
}

function visible(random: Random): number {
  return random.chance(0.2) ? random.int(0x80, 0xff) : random.int(0x21, 0x7e);
}

/** Text that a target may hold anywhere behind its path: visible ASCII without `#`. */
export function oddQuery(random: Random): string {
  return oddValue(random).replaceAll(/[^!-"$-~]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** A query's value: {@link oddQuery} without what would end it. */
export function oddParameter(random: Random): string {
  return oddQuery(random).replaceAll('&', '%26');
}

/** Any bytes, as text in Latin-1. */
export function anyBytes(random: Random, maxBytes: number): string {
  return random.bytes(random.int(1, maxBytes)).toString('latin1');
}
