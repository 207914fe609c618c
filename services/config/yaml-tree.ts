import { LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../registry/runtime/message-of.ts';
import { valuesOf } from './as-written.ts';
import { isMapping } from './mapping.ts';

type Tree = Record<string, unknown>;

const NO_MAPPING = 'expected a YAML mapping with "version: 0.1" and the sections storage and http';

/** The mapping in a file's text, or its problems. Merge keys (`<<`) count, as in Go's YAML. */
export function readTree(text: string): { tree: Tree } | { problems: string[] } {
  // Pretty errors would quote nearby lines, which may hold passwords.
  const lines = new LineCounter();
  try {
    const options = { prettyErrors: false, lineCounter: lines, merge: true, logLevel: 'error' } as const;
    const document = parseDocument(text, options);
    // Warnings are for meaningless tags and directives, which would be ignored in silence.
    const problems = [...document.errors, ...document.warnings].map(
      (error) => `line ${lines.linePos(error.pos[0]).line}: ${withoutQuotes(error)}`,
    );
    if (problems.length > 0) return { problems };
    const tree = valuesOf(document);
    return isMapping(tree) ? { tree } : { problems: [NO_MAPPING] };
  } catch (error) {
    // Aliases that multiply or refer to themselves; endless brackets.
    return { problems: [`it cannot be read as YAML: ${withoutQuotes(error)}`] };
  }
}

/** The problem without the text that has it: that may be a password. */
function withoutQuotes(error: unknown): string {
  return messageOf(error)
    .replace(/[:"].*$/s, '')
    .replace(/(?<=escape sequence ).*$/s, 'in quotes')
    .trim();
}

/** Expands Distribution's short forms: `storage: filesystem`, `auth: none`, and a driver without parameters. */
export function spellOut(tree: Tree): void {
  for (const section of ['storage', 'auth']) {
    const value = tree[section];
    if (typeof value === 'string') tree[section] = { [value]: {} };
    if (!isMapping(value)) continue;
    for (const key of Object.keys(value)) if (value[key] === null) value[key] = {};
  }
}
