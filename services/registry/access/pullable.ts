import type { RepositoryName } from '../oci/names.ts';
import type { RepositoryClasses } from '../oci/repository-classes.ts';
import { parseRepositoryPattern } from '../oci/repository-pattern.ts';

/**
 * The repositories that somebody may pull from, for a token that shows lists: `+pattern` or `-pattern` in the order of the
 * rules, each with the exceptions `!pattern`. The first that matches decides, and without a match the answer is no, so a
 * list that is cut short shows less.
 */
export type PullableList = readonly string[];

/** Bounds what this adds to a token, which is sent in a header. */
const LINES_MAX = 100;
const CHARACTERS_MAX = 2000;

/** Cuts a list to what fits into a token. */
export function fitting(lines: Iterable<string>): PullableList {
  let left = CHARACTERS_MAX;
  return Iterator.from(lines)
    .take(LINES_MAX)
    .filter(() => left > 0)
    .map((line) => {
      left -= line.length + 3;
      return line;
    })
    .toArray();
}

/** The patterns of a class of repositories, each with its exceptions. */
export function patternsOfClass(
  kind: 'candidates' | 'stable',
  classes: RepositoryClasses,
): readonly string[] {
  const candidates = classes.candidates.map(({ text }) => text);
  if (kind === 'candidates') return candidates;
  const except = candidates.map((text) => `!${text}`).join('');
  return (classes.stable?.map(({ text }) => text) ?? ['**']).map((text) => text + except);
}

/** Whether a list has a repository. What cannot be parsed matches nothing, and nothing after it counts. */
export function isPullable(list: PullableList, name: RepositoryName): boolean {
  for (const line of list) {
    const [pattern, ...except] = line.slice(1).split('!').map(parseRepositoryPattern);
    if (!/^[+-]/.test(line) || pattern === undefined || except.includes(undefined)) return false;
    if (pattern.matches(name) && !except.some((each) => each?.matches(name))) return line.startsWith('+');
  }
  return false;
}
