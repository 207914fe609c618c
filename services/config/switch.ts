import { z } from 'zod';
import { type About, honoured, type Verdict } from './key.ts';
import { isMapping, type Mapping } from './mapping.ts';

/** The words that Go's YAML reads as booleans, besides YAML's own. */
const WORDS: Readonly<Record<string, boolean>> = {
  ...{ yes: true, on: true, y: true },
  ...{ no: false, off: false, n: false },
};

/** A boolean as Go's YAML reads it: `yes` and `off` count. */
export const Switch = z.preprocess(
  (value) => (typeof value === 'string' ? (WORDS[value.toLowerCase()] ?? value) : value),
  z.boolean(),
);

/** A value as {@link Switch} reads it; undefined when it is not a boolean. */
export function switchOf(value: unknown): boolean | undefined {
  return Switch.safeParse(value).data;
}

/** A key that is true or false, with what each of the two does. */
export function onOff(on: string, off: string, more: About = {}) {
  const does = (text: string): Verdict => ({ kind: 'honoured', text });
  return honoured(Switch, `\`true\`: ${on}; \`false\`: ${off}`, {
    ...more,
    decide(value) {
      const isOn = switchOf(value);
      return isOn === undefined ? undefined : does(isOn ? on : off);
    },
  });
}

type Test = (value: unknown, siblings: Mapping) => unknown;

/** Another verdict, on one value (in any spelling, if it is a boolean) or on all that pass a test. */
export function when(
  test: Test | string | boolean,
  kind: Verdict['kind'],
  text: string,
): NonNullable<About['decide']> {
  const passes: Test = typeof test === 'function' ? test : (value) => (switchOf(value) ?? value) === test;
  return (value, siblings) => (passes(value, siblings) ? { kind, text } : undefined);
}

/** Whether an entry of a list says `disabled: true`. */
export function isDisabled(entry: unknown): boolean {
  return isMapping(entry) && switchOf(entry['disabled']) === true;
}
