import fc from 'fast-check';
import { anyText } from './arbitraries.ts';

/** Whatever JSON can say. */
export type Json = unknown;

/** Every path to something in a value. */
function pathsOf(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))];
}

/** The value with something else in this place, or nothing. */
function changed(value: Json, [key, ...rest]: readonly string[], to: Json): Json {
  if (key === undefined) return to;
  const copy = structuredClone(value) as Record<string, Json>;
  if (rest.length > 0) copy[key] = changed(copy[key], rest, to);
  else if (to === undefined) delete copy[key];
  else copy[key] = to;
  return copy;
}

const junk: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json[]>(
    undefined,
    null,
    '',
    0,
    -1,
    1.5,
    1e300,
    true,
    [],
    {},
    [[]],
    '__proto__',
    'x'.repeat(5000),
  ),
  fc.jsonValue(),
  anyText,
);

/** A valid value with some of its parts gone or replaced. */
export function mutationsOf(valid: Json): fc.Arbitrary<Json> {
  const paths = pathsOf(valid).slice(1);
  return fc.array(fc.tuple(fc.constantFrom(...paths), junk), { minLength: 1, maxLength: 6 }).map((changes) =>
    changes.reduce((value, [path, to]) => {
      try {
        return changed(value, path, to);
      } catch {
        // Its parent has gone already.
        return value;
      }
    }, valid),
  );
}
