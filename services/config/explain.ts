import type { z } from 'zod';
import { entryOf } from './key-tree.ts';
import { shown } from './redact.ts';

/** What a value of the wrong kind is told; undefined when something refused nearby says it already. */
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
  // With a driver that is refused, it says enough that this driver is: not that another one is missing.
  const section = issue.path.slice(0, -1).join('.');
  if (refused.some((each) => each.slice(0, each.lastIndexOf('.')) === section)) return undefined;
  return { path, message: `${path} is missing: ${expectedOf(issue, path)}` };
}

/** What should stand where nothing does: of what zod can only name the type, the catalogue knows what it is for. */
function expectedOf({ message }: z.core.$ZodIssue, path: string): string {
  if (!message.startsWith('Invalid input')) return message;
  return `expected ${entryOf(path)?.verdict.text ?? 'a section of this name'}`;
}

/** The variable that a value comes from; undefined when it comes from the file. */
export function origin(path: string, used: ReadonlyMap<string, string>): string | undefined {
  for (const [key, variable] of used)
    if (path === key || path.startsWith(`${key}.`) || key.startsWith(`${path}.`)) return variable;
  return undefined;
}
