/** A breakage planted in a copy of the product, and the tests that have to notice it. */
export interface Mutant {
  /** What is dropped or weakened, for people. */
  readonly drops: string;
  /** From the root of the project. */
  readonly file: string;
  /** Text that occurs in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files, from the root of the project; at least one of their tests has to fail. */
  readonly tests: readonly string[];
  /** Only the tests whose titles match, to save time. */
  readonly grep?: string;
}

/** Breakages of one file that the same tests have to notice: what each drops, the text to find, and what replaces it. */
export function mutantsOf(
  file: string,
  noticing: Pick<Mutant, 'tests' | 'grep'>,
  breakages: readonly (readonly [drops: string, find: string, replace: string, grep?: string])[],
): Mutant[] {
  return breakages.map(([drops, find, replace, grep]) => ({
    ...{ ...noticing, drops, file, find, replace },
    ...(grep !== undefined && { grep }),
  }));
}

/** What a file becomes with its breakage. Throws unless the text to replace occurs exactly once. */
export function planted({ file, find, replace }: Mutant, text: string): string {
  const [before = '', after, ...more] = text.split(find);
  if (after === undefined || more.length > 0)
    throw new Error(`${file} has ${after === undefined ? 'no' : 'more than one'} “${find}”`);
  return `${before}${replace}${after}`;
}
