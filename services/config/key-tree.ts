import { CATALOGUE } from './catalogue/catalogue.ts';
import type { Entry } from './catalogue/entry.ts';
import { nearest } from './nearest.ts';

/** The catalogue as a tree: a node for each part of a path, `*` for any name or place. */
export interface KeyNode {
  /** As the catalogue writes it. */
  readonly key: string;
  entry?: Entry;
  readonly below: Map<string, KeyNode>;
}

/** The whole file. */
export const ROOT: KeyNode = { key: '', below: new Map() };
const NODES: KeyNode[] = [];

for (const entry of CATALOGUE) {
  let node = ROOT;
  for (const part of entry.key.split('.')) {
    let next = node.below.get(part);
    if (next === undefined) {
      next = { key: node.key === '' ? part : `${node.key}.${part}`, below: new Map() };
      node.below.set(part, next);
      NODES.push(next);
    }
    node = next;
  }
  node.entry = entry;
}

/** What stands for a key below a node; undefined when nobody knows it. */
export function childOf(node: KeyNode, key: string): KeyNode | undefined {
  if (key === '__proto__') return undefined;
  return node.below.get(key) ?? node.below.get('*');
}

/** What the catalogue has on a path, such as `mirrors.0.url`; undefined where it has nothing on that very key. */
export function entryOf(path: string): Entry | undefined {
  let node: KeyNode | undefined = ROOT;
  for (const key of path.split('.')) node = node && childOf(node, key);
  return node?.entry;
}

/** The known path that somebody who wrote an unknown key may have meant; undefined when nothing is like it. */
export function suggestion(node: KeyNode, path: string, key: string): string | undefined {
  const section = path === '' ? '' : `${path}.`;
  const sibling = nearest(
    key,
    [...node.below.keys()].filter((name) => name !== '*'),
  );
  if (sibling !== undefined) return section + sibling;
  const name = nearest(key, new Set(NODES.map(nameOf).filter((each) => each !== '*')));
  const elsewhere = NODES.filter((each) => nameOf(each) === name);
  elsewhere.sort((one, other) => one.key.split('.').length - other.key.split('.').length);
  return elsewhere[0]?.key;
}

function nameOf({ key }: KeyNode): string {
  return key.slice(key.lastIndexOf('.') + 1);
}
