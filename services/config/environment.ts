import { parse } from 'yaml';

/**
 * Names that others use: skopeo's and podman's file of credentials, and what Kubernetes sets in every pod beside a
 * service called "registry".
 */
const NOT_OURS = /^REGISTRY_(?:AUTH_FILE|SERVICE_(?:HOST|PORT)(?:_.*)?|PORT(?:_.*)?)$/;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Overrides values by `REGISTRY_<SECTION>_<KEY>` variables, as Distribution does: `REGISTRY_HTTP_ADDR`, list places
 * by number (`REGISTRY_MIRRORS_0_URL`), values in YAML. Answers with the variables used, keyed by the path they set,
 * and with what is wrong with others.
 */
export function applyEnvironment(
  tree: Record<string, unknown>,
  environment: Environment,
): { used: Map<string, string>; problems: string[] } {
  const used = new Map<string, string>();
  const problems: string[] = [];
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (!name.startsWith('REGISTRY_') || NOT_OURS.test(name) || value === undefined) continue;
    const path = name.slice('REGISTRY_'.length).toLowerCase().split('_');
    if (path.some((key) => key === '' || key === '__proto__')) continue;
    const list = set(tree, path, yamlOr(value));
    if (list !== undefined)
      problems.push(`${list} is a list: expected the number of a place in it, counted from 0 (from ${name})`);
    used.set(path.join('.'), name);
  }
  return { used, problems };
}

/** A value that is no YAML, such as a password that begins with `@`, is the text that it is. */
function yamlOr(value: string): unknown {
  try {
    return parse(value);
  } catch {
    return value;
  }
}

/** Sets a value; or answers with the path of a list in which the variable names no place. */
function set(tree: Record<string, unknown>, path: readonly string[], value: unknown): string | undefined {
  let at = tree;
  for (const [depth, key] of path.entries()) {
    if (Array.isArray(at) && !/^\d+$/.test(key)) return path.slice(0, depth).join('.');
    const here = keyIn(at, key);
    if (depth === path.length - 1) at[here] = value;
    else {
      if (typeof at[here] !== 'object' || at[here] === null)
        at[here] = /^\d+$/.test(path[depth + 1] ?? '') ? [] : {};
      at = at[here] as Record<string, unknown>;
    }
  }
  return undefined;
}

/** The key as the file spells it, should that differ in case. */
function keyIn(object: Record<string, unknown>, key: string): string {
  return Object.keys(object).find((own) => own.toLowerCase() === key) ?? key;
}
