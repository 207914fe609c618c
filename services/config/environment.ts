import { parse } from 'yaml';

/** Read by skopeo and podman; it names a file of credentials and is none of ours. */
const NOT_OURS = new Set(['REGISTRY_AUTH_FILE']);

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Overrides values by `REGISTRY_<SECTION>_<KEY>` variables, as Distribution does: `REGISTRY_HTTP_ADDR`, list places
 * by number (`REGISTRY_MIRRORS_0_URL`), values in YAML. Answers with the variables used, keyed by the path they set.
 */
export function applyEnvironment(
  tree: Record<string, unknown>,
  environment: Environment,
): Map<string, string> {
  const used = new Map<string, string>();
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (!name.startsWith('REGISTRY_') || NOT_OURS.has(name) || value === undefined) continue;
    const path = name.slice('REGISTRY_'.length).toLowerCase().split('_');
    if (path.some((key) => key === '' || key === '__proto__')) continue;
    set(tree, path, parse(value));
    used.set(path.join('.'), name);
  }
  return used;
}

function set(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = tree;
  path.forEach((key, depth) => {
    const here = keyIn(at, key);
    if (depth === path.length - 1) at[here] = value;
    else {
      if (typeof at[here] !== 'object' || at[here] === null)
        at[here] = /^\d+$/.test(path[depth + 1] ?? '') ? [] : {};
      at = at[here] as Record<string, unknown>;
    }
  });
}

/** The key as the file spells it, should that differ in case. */
function keyIn(object: Record<string, unknown>, key: string): string {
  return Object.keys(object).find((own) => own.toLowerCase() === key) ?? key;
}
