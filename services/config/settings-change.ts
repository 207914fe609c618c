import { isDeepStrictEqual } from 'node:util';
import { isMapping } from './mapping.ts';
import { ADDED_AT_START, AT_START, RELOADED, type ReloadedKey } from './reloading.ts';

/** How the settings of two files differ, and what a running process makes of that. */
export interface SettingsChange {
  /** The keys that it takes over. */
  readonly reloaded: readonly ReloadedKey[];
  /** The keys that need a restart. */
  readonly restart: readonly string[];
  /** The settings from now on: the new ones, with the old values of what needs a restart. */
  readonly tree: unknown;
}

/** Compares the settings that a process runs with to those of a file. */
export function settingsChange(running: unknown, next: unknown): SettingsChange {
  const tree = structuredClone(next);
  const differs = (key: string) => !isDeepStrictEqual(valueAt(running, key), valueAt(next, key));
  const isPresent = (at: unknown, key: string) => valueAt(at, key) !== undefined;
  const sections = ADDED_AT_START.filter((key) => isPresent(running, key) !== isPresent(next, key));
  const isIn = (key: string) => sections.some((section) => key.startsWith(`${section}.`));
  const restart = [...sections, ...AT_START.filter((key) => differs(key) && !isIn(key))];
  for (const key of restart) put(tree, key, structuredClone(valueAt(running, key)));
  return { reloaded: RELOADED.filter((key) => differs(key) && !isIn(key)), restart, tree };
}

function valueAt(tree: unknown, key: string): unknown {
  let at = tree;
  for (const part of key.split('.')) at = isMapping(at) ? at[part] : undefined;
  return at;
}

/** Sets a value; undefined removes it. */
function put(tree: unknown, key: string, value: unknown): void {
  const parts = key.split('.');
  const last = parts.pop() ?? '';
  let at = tree as Record<string, unknown>;
  for (const part of parts) {
    if (!isMapping(at[part])) {
      if (value === undefined) return;
      at[part] = {};
    }
    at = at[part] as Record<string, unknown>;
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
}
