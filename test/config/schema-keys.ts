import type { z } from 'zod';

type Def = { readonly type: string } & Readonly<Record<string, unknown>>;

/**
 * The path of every leaf of a schema, with `*` for places and names. A type that this walk does not know makes it
 * fail: it must not be able to pass anything over.
 */
export function keysOf(schema: z.core.$ZodType, path = ''): string[] {
  const def = schema._zod.def as unknown as Def;
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  const inner = (key: string, at = path) => keysOf(def[key] as z.core.$ZodType, at);
  switch (def.type) {
    case 'object':
      return Object.entries(def['shape'] as Record<string, z.core.$ZodType>).flatMap(([name, each]) =>
        keysOf(each, below(name)),
      );
    case 'optional':
    case 'default':
    case 'prefault':
      return inner('innerType');
    case 'pipe':
      // A value that is made into another first (a preprocessing) is described by what it is made into.
      return typeOf(def['in']) === 'transform' ? inner('out') : inner('in');
    case 'union':
      return [...new Set((def['options'] as z.core.$ZodType[]).flatMap((option) => keysOf(option, path)))];
    case 'array': {
      const found = inner('element', below('*'));
      return found.length === 1 && found[0] === below('*') ? [path] : found;
    }
    case 'record':
      return typeOf(def['valueType']) === 'unknown' ? [path] : inner('valueType', below('*'));
    case 'string':
    case 'number':
    case 'boolean':
    case 'enum':
    case 'literal':
    case 'custom':
    case 'undefined':
      return [path];
    default:
      throw new Error(`${path}: the walk does not know the schema type ${def.type}`);
  }
}

function typeOf(schema: unknown): string {
  return ((schema as z.core.$ZodType)._zod.def as unknown as Def).type;
}
