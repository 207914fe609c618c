import type { z } from 'zod';
import { entryOf } from './key-tree.ts';
import { shown } from './redact.ts';

/** The message for an invalid value; undefined when a refused key nearby explains it already. */
export function explain(
  issue: z.core.$ZodIssue,
  tree: unknown,
  refused: readonly string[],
): { path: string; message: string } | undefined {
  const path = issue.path.join('.');
  const value = issue.path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    tree,
  );
  if (value !== undefined) return { path, message: `${path} = ${shown(path, value)}: ${issue.message}` };
  // If a driver is refused, that says enough: that another one is missing would only confuse.
  const section = issue.path.slice(0, -1).join('.');
  if (refused.some((each) => each.slice(0, each.lastIndexOf('.')) === section)) return undefined;
  return { path, message: `${path} is missing: ${expectedOf(issue, path)}` };
}

/** What a missing key should hold: zod knows only its type, but the catalogue knows its purpose. */
function expectedOf({ message }: z.core.$ZodIssue, path: string): string {
  if (!message.startsWith('Invalid input')) return message;
  return `expected ${entryOf(path)?.verdict.text ?? 'a section of this name'}`;
}

/** The variable that sets a value; undefined when the file does. */
export function origin(path: string, used: ReadonlyMap<string, string>): string | undefined {
  for (const [key, variable] of used)
    if (path === key || path.startsWith(`${key}.`) || key.startsWith(`${path}.`)) return variable;
  return undefined;
}
