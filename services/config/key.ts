import { z } from 'zod';
import type { Mapping } from './mapping.ts';

/** Which program a key comes from: Distribution 2.8, 3, both of them, or this one. */
export type Origin = '2.8' | '3' | '2.8, 3' | 'ours';

/** What a setting does here. */
export interface Verdict {
  /**
   * `honoured`: it does what it says. `no effect`: what it tunes does not exist here. `not yet`: what it asks for does
   * not exist here, and the start warns. `refused`: the start fails.
   */
  readonly kind: 'honoured' | 'no effect' | 'not yet' | 'refused';
  /** What it does, or why not and what to do instead. Begins in lower case, ends without a full stop. */
  readonly text: string;
  /** What the start warns of, unless that is the text of a `not yet`. */
  readonly warning?: string;
}

/** Everything known of a key besides its type, or of a type that keys share. */
export interface About {
  /** Without it, that of the section that holds the key; Distribution's in the end. */
  readonly from?: Origin;
  readonly verdict?: Verdict;
  /** For the documentation: values that get another verdict. */
  readonly note?: string;
  /** Whether a number in the file is text, as it is written there. */
  readonly isText?: boolean;
  /** The default, where the type has none because its absence is handled elsewhere. */
  readonly default?: unknown;
  /** A valid value that is not the default, where the type does not suggest one. */
  readonly example?: unknown;
  /**
   * The verdict on a value, where it depends on the value, its siblings or its own name; undefined for `verdict`. On a
   * section, a verdict other than `refused` covers everything below, which is then dropped unseen.
   */
  readonly decide?: (
    value: unknown,
    siblings: Mapping,
    verdict: Verdict,
    name: string,
  ) => Verdict | undefined;
  /** Of a refused section: its keys, separated by blanks, which are refused with it. */
  readonly below?: Partial<Readonly<Record<Origin, string>>>;
}

const REGISTRY = z.registry<About>();

/** A copy of a type that carries these facts; they add to those of the type, and to those of types within it. */
export function about<T extends z.ZodType>(type: T, facts: About): T {
  const own = type.clone();
  REGISTRY.add(own, facts);
  return own;
}

/** What {@link about} attached to exactly this type, or to the one that it was copied from. */
export function factsOf(type: z.core.$ZodType): About {
  return REGISTRY.get(type) ?? {};
}

/** Marks types with a verdict, why, and what else is known of the key. */
function marking(kind: Verdict['kind']) {
  return <T extends z.ZodType>(type: T, text: string, more: About = {}): T =>
    about(type, { ...more, verdict: { kind, text } });
}

/** A key that does what it says. */
export const honoured = marking('honoured');

/** A key that tunes what does not exist here. */
export const noEffect = marking('no effect');

/** A key that asks for what does not exist here; the start warns. */
export const notYet = marking('not yet');

/** A key or section that fails the start. What is refused never reaches the schema, so it has no type. */
export function refused(text: string, more: About = {}) {
  return marking('refused')(z.undefined().optional(), text, more);
}

/** Adds a problem of a value that has the right form, at this path below it. */
export function addProblem(context: z.RefinementCtx, path: (string | number)[], message: string): void {
  context.addIssue({ code: 'custom', path, message });
}

/** A section that is optional because all of its keys are. */
export function section<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape).prefault({} as z.input<z.ZodObject<T, z.core.$strict>>);
}

/** A section whose keys all come from one program, unless they say otherwise. */
export function sectionOf<T extends z.core.$ZodLooseShape>(from: Origin, shape: T) {
  return about(z.strictObject(shape), { from });
}

/** A section that may be missing. */
export function optionalSection<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape).optional();
}
