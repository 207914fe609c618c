import { switchOf } from '../values.ts';

/** Which program a key comes from: Distribution 2.8, 3, both of them, or this one. */
export type Origin = '2.8' | '3' | '2.8, 3' | 'ours';

/** What becomes of a setting here. */
export interface Verdict {
  /**
   * `honoured`: it does what it says. `no effect`: what it tunes does not exist here. `not yet`: what it asks for does
   * not exist here, and the start says so. `refused`: the start fails.
   */
  readonly kind: 'honoured' | 'no effect' | 'not yet' | 'refused';
  /** What it does here, or why not and what to do instead. Begins in lower case, ends without a full stop. */
  readonly text: string;
  /** What the start says of it, when that is not the text of a `not yet`. */
  readonly warning?: string;
}

/** A key of the configuration file: a row of the catalogue. */
export interface Entry {
  /** The path, with `*` for any place in a list or any name in a mapping: `mirrors.*.url`. */
  readonly key: string;
  readonly from: Origin;
  readonly verdict: Verdict;
  /** What the documents say beside the verdict: of values that get another one. */
  readonly note?: string;
  /** What stands when the file does not say, in YAML; undefined for nothing. */
  readonly standard?: string;
  /**
   * The verdict on a value, where it depends on that, or on what stands beside it; undefined for the row's own. On a
   * section, a verdict that is no refusal holds for all below, which is not looked at any further.
   */
  readonly decide?: (value: unknown, beside: Readonly<Record<string, unknown>>) => Verdict | undefined;
}

export function honoured(text: string): Verdict {
  return { kind: 'honoured', text };
}
export function noEffect(text: string): Verdict {
  return { kind: 'no effect', text };
}
export function notYet(text: string): Verdict {
  return { kind: 'not yet', text };
}
export function refused(text: string): Verdict {
  return { kind: 'refused', text };
}

/** One row; `more` for its default, and for verdicts by value. */
export function row(
  key: string,
  from: Origin,
  verdict: Verdict,
  more: Pick<Entry, 'standard' | 'decide' | 'note'> = {},
): Entry {
  return { key, from, verdict, ...more };
}

/** A row for each name below a section, all with one verdict; the names in one text, parted by blanks. */
export function rows(section: string, from: Origin, verdict: Verdict, names: string): Entry[] {
  return names.split(' ').map((name) => row(`${section}.${name}`, from, verdict));
}

/** A section that is refused whatever it says, and the keys that it may hold. */
export function refusedSection(key: string, from: Origin, verdict: Verdict, names = ''): Entry[] {
  return [row(key, from, verdict), ...(names === '' ? [] : rows(key, from, verdict, names))];
}

/** A row for a key that is true or false, with what each of the two means. */
export function switchRow(
  key: string,
  from: Origin,
  { on, off, note, standard }: { on: string; off: string; note?: string; standard?: string },
): Entry {
  return row(key, from, honoured(`\`true\`: ${on}; \`false\`: ${off}`), {
    ...(standard !== undefined && { standard }),
    ...(note !== undefined && { note }),
    decide(value) {
      const isOn = switchOf(value);
      return isOn === undefined ? undefined : honoured(isOn ? on : off);
    },
  });
}

/** A row for a duration: one without a unit is told at the start, since people do not mean nanoseconds. */
export function durationRow(key: string, from: Origin, verdict: Verdict, standard?: string): Entry {
  return row(key, from, verdict, {
    ...(standard !== undefined && { standard }),
    decide(value) {
      if (typeof value !== 'number' || value === 0 || verdict.kind === 'refused') return undefined;
      const warning = `${value} has no unit: it is read as nanoseconds, as Distribution reads it (${value / 1e9} s)`;
      return { ...verdict, warning };
    },
  });
}
