import type { Verdict } from './catalogue/entry.ts';
import { childOf, type KeyNode, ROOT, suggestion } from './key-tree.ts';
import { shown } from './redact.ts';

/** A setting of a file, or a section on which there is one verdict. */
export interface Setting {
  /** Such as `mirrors.0.url`. */
  readonly path: string;
  readonly value: unknown;
  readonly isSection: boolean;
  readonly verdict: Verdict;
}

export interface Examined {
  readonly settings: readonly Setting[];
  /** What the catalogue refuses, and what it does not know. */
  readonly problems: readonly {
    readonly path: string;
    readonly isRefused: boolean;
    readonly message: string;
  }[];
  /** The tree without what was refused, what is not set, and sections on which all is said. */
  readonly rest: unknown;
}

type Mapping = Readonly<Record<string, unknown>>;

/** Looks every key of a file up in the catalogue. */
export function examine(tree: Mapping): Examined {
  const settings: Setting[] = [];
  const problems: Examined['problems'][number][] = [];

  function visit(node: KeyNode, path: string, value: unknown, beside: Mapping): unknown {
    if (value === null || value === undefined) return undefined;
    const isSection = node.below.size > 0;
    const decided = node.entry?.decide?.(value, beside);
    const verdict = decided ?? node.entry?.verdict;
    const isRefused = verdict?.kind === 'refused';
    if (verdict && (isRefused || decided || !isSection)) settings.push({ path, value, isSection, verdict });
    if (isRefused) {
      // What is refused whatever it says is not said again: it may hold anything.
      const what = isSection || !decided ? path : `${path} = ${shown(path, value)}`;
      problems.push({ path, isRefused, message: `${what}: ${verdict.text}` });
    }
    if (isRefused || (decided && isSection)) return undefined;
    return isSection ? descend(node, path, value) : value;
  }

  function descend(node: KeyNode, path: string, value: unknown): unknown {
    // A place in a list that is empty, or was refused, keeps the others where they are.
    if (Array.isArray(value))
      return value.map((each, i) => {
        const child = childOf(node, String(i));
        return child && each !== null ? visit(child, `${path}.${i}`, each, {}) : each;
      });
    if (!isMapping(value)) return value;
    const rest: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value)) {
      const below = path === '' ? key : `${path}.${key}`;
      const child = childOf(node, key);
      if (child === undefined) {
        const meant = suggestion(node, path, key);
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        problems.push({
          path: below,
          isRefused: false,
          message: `${below}: roadstead knows no such key${hint}`,
        });
        continue;
      }
      const kept = visit(child, below, each, value);
      if (kept !== undefined) rest[key] = kept;
    }
    return rest;
  }

  return { rest: descend(ROOT, '', tree), settings, problems };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
