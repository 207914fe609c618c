import { parseDocument } from 'yaml';
import { valuesOf } from './as-written.ts';
import { entryOf } from './key-tree.ts';
import { isOfKubernetes } from './kubernetes.ts';

/**
 * Names that are not keys: the file to read, the credentials of skopeo and podman, and the variables that Kubernetes sets
 * in every pod of a namespace with a Service called "registry". For Services called `registry-…` see `kubernetes.ts`.
 */
const NOT_OURS = /^REGISTRY_(?:AUTH_FILE|CONFIGURATION_PATH|SERVICE_(?:HOST|PORT)(?:_.*)?|PORT(?:_.*)?)$/;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Distribution names some keys in variables after the field in its program. */
const GO_NAMES: readonly (readonly [from: RegExp, to: string])[] = [
  [/^(notifications)\.eventconfig\b/, '$1.events'],
  [/^(health)\.(file|http|tcp)checkers\b/, '$1.$2'],
  [/^(log\.hooks\.\d+)\.mailoptions\b/, '$1.options'],
  [/^(compatibility\.schema1)\.trustkey$/, '$1.signingkeyfile'],
  [/^(redis)\.options\./, '$1.'],
];

/**
 * Overrides values by `REGISTRY_<SECTION>_<KEY>` variables, as Distribution does: `REGISTRY_HTTP_ADDR`, list places
 * by number (`REGISTRY_MIRRORS_0_URL`), values in YAML. Returns the variables used, keyed by the path they set, and the
 * problems of others.
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
    const key = keyOf(name);
    if (isOfKubernetes(name, value) && entryOf(key) === undefined) continue;
    const path = key.split('.');
    if (path.some((key) => key === '' || key === '__proto__')) continue;
    const list = set(tree, path, yamlOr(value));
    if (list !== undefined)
      problems.push(
        `${list} is a list: expected the number of an entry, from 0 to ${ENTRIES_MAX - 1} (from ${name})`,
      );
    used.set(path.join('.'), name);
  }
  return { used, problems };
}

/** The key that a variable names: `http.addr` for `REGISTRY_HTTP_ADDR`. */
function keyOf(variable: string): string {
  const key = variable.slice('REGISTRY_'.length).toLowerCase().replaceAll('_', '.');
  return GO_NAMES.reduce((name, [from, to]) => name.replace(from, to), key);
}

/** A value that is not YAML, such as a password that begins with `@` or `!`, is plain text. */
function yamlOr(value: string): unknown {
  try {
    const document = parseDocument(value, { prettyErrors: false, logLevel: 'error' });
    return document.errors.length + document.warnings.length > 0 ? value : valuesOf(document);
  } catch {
    return value;
  }
}

/** Longer lists than anybody writes: every entry up to the highest number is looked at. */
const ENTRIES_MAX = 1000;

function isEntry(key: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(key) && Number(key) < ENTRIES_MAX;
}

/** Sets a value; or returns the path of a list, if the variable names no place in it. */
function set(tree: Record<string, unknown>, path: readonly string[], value: unknown): string | undefined {
  let at = tree;
  for (const [depth, key] of path.entries()) {
    if (Array.isArray(at) && !isEntry(key)) return path.slice(0, depth).join('.');
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

/** The key in the file's spelling, which may differ in case. */
function keyIn(object: Record<string, unknown>, key: string): string {
  return Object.keys(object).find((own) => own.toLowerCase() === key) ?? key;
}
