import { CATALOGUE, type Entry } from './catalogue.ts';
import { nearest } from './nearest.ts';

/** A node for each part of a path, `*` for any name or place. */
export interface KeyNode {
  /** The path, as the catalogue writes it. */
  readonly key: string;
  entry?: Entry;
  readonly below: Map<string, KeyNode>;
}

/** The keys of a file as a tree. */
export function treeOf(entries: readonly Entry[]): KeyNode {
  const root: KeyNode = { key: '', below: new Map() };
  for (const entry of entries) {
    let node = root;
    for (const part of entry.key.split('.')) {
      const next = node.below.get(part) ?? {
        key: node.key === '' ? part : `${node.key}.${part}`,
        below: new Map(),
      };
      node.below.set(part, next);
      node = next;
    }
    node.entry = entry;
  }
  return root;
}

export const ROOT = treeOf(CATALOGUE);

/** The node of a key below a node; undefined for unknown keys. */
export function childOf(node: KeyNode, key: string): KeyNode | undefined {
  if (key === '__proto__') return undefined;
  return node.below.get(key) ?? node.below.get('*');
}

/** The entry of exactly this path, such as `mirrors.0.url`; undefined if it has none. */
export function entryOf(path: string): Entry | undefined {
  let node: KeyNode | undefined = ROOT;
  for (const key of path.split('.')) node = node && childOf(node, key);
  return node?.entry;
}

/** The known path that an unknown key below a node may mean; undefined when none is like it. */
export function suggestion(root: KeyNode, node: KeyNode, path: string, key: string): string | undefined {
  const section = path === '' ? '' : `${path}.`;
  const sibling = nearest(
    key,
    [...node.below.keys()].filter((name) => name !== '*'),
  );
  if (sibling !== undefined) return section + sibling;
  const nodes = nodesBelow(root);
  const name = nearest(key, new Set(nodes.map(nameOf).filter((each) => each !== '*')));
  const elsewhere = nodes.filter((each) => nameOf(each) === name);
  elsewhere.sort((one, other) => one.key.split('.').length - other.key.split('.').length);
  return elsewhere[0]?.key;
}

function nodesBelow(node: KeyNode): KeyNode[] {
  return [...node.below.values()].flatMap((each) => [each, ...nodesBelow(each)]);
}

function nameOf({ key }: KeyNode): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
