import type { RepositoryName } from './names.ts';

/** A set of repositories by name: `*` stands for one part of a name, `**` for any number of parts. */
export interface RepositoryPattern {
  readonly text: string;
  matches(name: RepositoryName): boolean;
}

const PATTERN = /^(?:[a-z0-9._-]+|\*{1,2})(?:\/(?:[a-z0-9._-]+|\*{1,2}))*$/;

/** Parses a pattern; undefined when it is malformed. */
export function parseRepositoryPattern(text: string): RepositoryPattern | undefined {
  if (!PATTERN.test(text)) return undefined;
  const source = text
    .split('/')
    .map((part) => (part === '**' ? '.+' : part === '*' ? '[^/]+' : part.replaceAll('.', '\\.')))
    .join('/');
  const regexp = new RegExp(`^${source}$`);
  return { text, matches: (name) => regexp.test(name) };
}
