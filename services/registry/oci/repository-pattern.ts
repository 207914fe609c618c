import type { RepositoryName } from './names.ts';

/** A set of repositories by name: `*` matches one part of a name, `**` any number of parts. */
export interface RepositoryPattern {
  readonly text: string;
  matches(name: RepositoryName): boolean;
}

const PATTERN = /^(?:[a-z0-9._-]+|\*{1,2})(?:\/(?:[a-z0-9._-]+|\*{1,2}))*$/;

/** Parses a pattern; undefined when it is malformed. */
export function parseRepositoryPattern(text: string): RepositoryPattern | undefined {
  if (!PATTERN.test(text)) return undefined;
  const parts = text.split('/');
  return { text, matches: (name) => matches(parts, name.split('/')) };
}

/**
 * Both are walked once: `reached[i]` says that the first `i` parts of the pattern match what was read of the name. A
 * regular expression would try every way to divide a name among several `**`, and clients choose the names.
 */
function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let reached = pattern.map((_, i) => i === 0);
  reached.push(pattern.length === 0);
  for (const segment of name) {
    const next = new Array<boolean>(pattern.length + 1).fill(false);
    for (const [i, part] of pattern.entries()) {
      const fits = part === '**' || part === '*' || part === segment;
      if (fits && reached[i]) next[i + 1] = true;
      // It may match one more part of the name.
      if (part === '**' && reached[i + 1]) next[i + 1] = true;
    }
    reached = next;
  }
  return reached[pattern.length] ?? false;
}
