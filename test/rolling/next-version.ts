/**
 * Loaded into a process before its own code (`node --import`), makes it write as the next version might: each record has
 * a field more, at its top and in what it holds.
 */
const ADDED = { fromTheNextVersion: { added: ['what this version does not know'] } };

/** These have no fields of their own; what they hold may have. */
const KEYED_BY_NAMES = ['collections', 'annotations', 'headers', 'mirrors'];

const stringify = JSON.stringify;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function withMore(value: Record<string, unknown>): Record<string, unknown> {
  return { ...withMoreInside(value, (key) => KEYED_BY_NAMES.includes(key)), ...ADDED };
}

function withMoreInside(
  value: Record<string, unknown>,
  isKeyedByNames: (key: string) => boolean,
): Record<string, unknown> {
  const entries = Object.entries(value).map(([key, inner]) => {
    if (!isRecord(inner)) return [key, inner];
    return [key, isKeyedByNames(key) ? withMoreInside(inner, () => false) : { ...inner, ...ADDED }];
  });
  return Object.fromEntries(entries);
}

JSON.stringify = ((value: unknown, ...rest: []) =>
  stringify(isRecord(value) ? withMore(value) : value, ...rest)) as typeof JSON.stringify;
