import { inDistributionsWords } from './log-distribution.ts';

/** Deeper values are printed as JSON. */
const DEPTH_MAX = 3;

/**
 * One of pino's JSON lines in the format of Distribution's text formatter (logrus): `time="…" level=info msg="…" key=value`,
 * with the keys of nested objects joined by dots. Values are quoted and escaped so that none can end the line, pass for
 * another key, or control a terminal. Requests have Distribution's names of fields (docs/logs.md).
 */
export function textLine(json: string): string {
  const { time, level, ...given } = JSON.parse(json) as Record<string, unknown>;
  const { msg, fields } = inWords(given);
  const pairs = [...pairsOf('time', time), ...pairsOf('level', level), ...pairsOf('msg', msg)];
  for (const [key, value] of Object.entries(fields)) pairs.push(...pairsOf(keyOf(key), value));
  return `${pairs.join(' ')}\n`;
}

function inWords({ msg, ...fields }: Record<string, unknown>): {
  readonly msg: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
} {
  const isRequest = msg === 'request' && 'requestId' in fields && 'status' in fields;
  return isRequest ? inDistributionsWords(fields) : { msg, fields };
}

function pairsOf(key: string, value: unknown, depth = 1): string[] {
  if (value === undefined) return [];
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const inner = isObject && depth < DEPTH_MAX ? Object.entries(value) : [];
  if (inner.length > 0)
    return inner.flatMap(([name, each]) => pairsOf(`${key}.${keyOf(name)}`, each, depth + 1));
  return [`${key}=${valueText(value)}`];
}

function keyOf(name: string): string {
  return name.replaceAll(/[^\w.@/-]/g, '_') || '_';
}

/** logrus does not quote values of only these characters. */
const BARE = /^[\w.\-/@^+]+$/;

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (BARE.test(text)) return text;
  return JSON.stringify(text).replaceAll(CONTROLS, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Not escaped by JSON: control characters beyond ASCII, line separators, and marks that change the text's direction. */
const CONTROLS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
