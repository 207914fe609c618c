import type { Verdict } from './key.ts';
import { childOf, type KeyNode, ROOT, suggestion } from './key-tree.ts';
import { isMapping, type Mapping } from './mapping.ts';
import { shown } from './redact.ts';

/** A setting of a file, or a section that one verdict covers. */
export interface Setting {
  /** Such as `mirrors.0.url`. */
  readonly path: string;
  readonly value: unknown;
  readonly isSection: boolean;
  readonly verdict: Verdict;
}

export interface Examined {
  readonly settings: readonly Setting[];
  /** Refused and unknown keys. */
  readonly problems: readonly {
    readonly path: string;
    readonly isRefused: boolean;
    readonly message: string;
  }[];
  /** The tree without refused and empty keys, and without sections that one verdict covers. */
  readonly rest: unknown;
}

/** Looks up every key of a file. */
export function examine(tree: Mapping, root: KeyNode = ROOT): Examined {
  const settings: Setting[] = [];
  const problems: Examined['problems'][number][] = [];

  function visit(node: KeyNode, path: string, value: unknown, siblings: Mapping): unknown {
    if (value === null || value === undefined) return undefined;
    const isSection = node.below.size > 0;
    const { entry } = node;
    const decided = entry?.decide?.(value, siblings, entry.verdict, path.slice(path.lastIndexOf('.') + 1));
    const verdict = decided ?? entry?.verdict;
    const isRefused = verdict?.kind === 'refused';
    if (verdict && (isRefused || decided || !isSection)) settings.push({ path, value, isSection, verdict });
    if (isRefused) {
      // The value is printed only if it is the reason: otherwise it may be anything.
      const what = isSection || !decided ? path : `${path} = ${shown(path, value)}`;
      problems.push({ path, isRefused, message: `${what}: ${verdict.text}` });
    }
    if (isRefused || (decided && (isSection || entry?.verdict.kind === 'refused'))) return undefined;
    return isSection ? descend(node, path, value) : value;
  }

  function descend(node: KeyNode, path: string, value: unknown): unknown {
    // Empty and refused places in a list are kept, so that the others keep their numbers.
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
        const meant = suggestion(root, node, path, key);
        const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
        const message = `${below}: roadstead knows no such key${hint}`;
        problems.push({ path: below, isRefused: false, message });
        continue;
      }
      const kept = visit(child, below, each, value);
      if (kept !== undefined) rest[key] = kept;
    }
    return rest;
  }

  return { rest: descend(root, '', tree), settings, problems };
}
