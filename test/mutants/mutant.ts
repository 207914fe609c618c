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

/** What a file becomes with its breakage. Throws unless the text to replace occurs exactly once. */
export function planted({ file, find, replace }: Mutant, text: string): string {
  const [before = '', after, ...more] = text.split(find);
  if (after === undefined || more.length > 0)
    throw new Error(`${file} has ${after === undefined ? 'no' : 'more than one'} “${find}”`);
  return `${before}${replace}${after}`;
}
