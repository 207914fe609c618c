import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Paths of the project's files, from its root, that match a pattern. */
export function filesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).sort();
}

/** A file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** What a module imports: paths from the project's root, or names of packages. */
export function importsOf(path: string, text: string): string[] {
  const statements =
    /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|import\('([^']+)'\)/g;
  return [...text.matchAll(statements)].map(([, from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? '';
    return target.startsWith('.') ? normalize(join(dirname(path), target)) : target;
  });
}
