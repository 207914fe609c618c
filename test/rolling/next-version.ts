/**
 * Loaded into a process before its own code (`node --import`), makes it write as the next version might: each record has
 * a field more, at its top and in what it holds.
 */
const ADDED = { fromTheNextVersion: { added: ['what this version does not know'] } };

/** These have no fields of their own. */
const KEYED_BY_NAMES = ['collections', 'annotations', 'headers', 'missing'];

const stringify = JSON.stringify;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function withMore(value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(value).map(([key, inner]) =>
    isRecord(inner) && !KEYED_BY_NAMES.includes(key) ? [key, { ...inner, ...ADDED }] : [key, inner],
  );
  return { ...Object.fromEntries(entries), ...ADDED };
}

JSON.stringify = ((value: unknown, ...rest: []) =>
  stringify(isRecord(value) ? withMore(value) : value, ...rest)) as typeof JSON.stringify;
