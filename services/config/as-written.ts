import { type Document, visit } from 'yaml';
import { childOf, type KeyNode, ROOT } from './key-tree.ts';
import { isMapping } from './mapping.ts';

/** A number or a truth value whose text cannot be known from the value: `00123`, `1e3`, `True`. */
class Written {
  readonly value: unknown;
  readonly text: string;

  constructor(value: unknown, text: string) {
    this.value = value;
    this.text = text;
  }

  /** For messages about a value in a place where none belongs. */
  toJSON(): unknown {
    return this.value;
  }
}

/** A document's values, with their text where it would be lost; for {@link asMeant}. */
export function valuesOf(document: Document): unknown {
  visit(document, {
    Scalar(key, node) {
      const { value, source } = node;
      const isLossy = typeof value === 'number' || typeof value === 'boolean';
      if (key !== 'key' && isLossy && source !== undefined && source !== String(value))
        node.value = new Written(value, source);
    },
  });
  return document.toJS();
}

/**
 * The values of a file as their keys mean them: a number is text where the key is one for text, such as a password, with
 * every digit as it was written. Distribution does the same. Goes only where keys are, since aliases may go in circles.
 */
export function asMeant(tree: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree).map(([key, each]) => [key, meant(each, childOf(ROOT, key))]),
  );
}

function meant(value: unknown, node: KeyNode | undefined): unknown {
  const isText = node?.entry?.isText === true;
  if (value instanceof Written) return isText ? value.text : value.value;
  const isLeaf = node === undefined || node.below.size === 0;
  if (Array.isArray(value))
    return value.map((each: unknown, i) => {
      if (each instanceof Written && isText) return each.text;
      if (!isLeaf) return meant(each, childOf(node, String(i)));
      return each instanceof Written ? each.value : each;
    });
  if (isLeaf || !isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, meant(each, childOf(node, key))]),
  );
}
