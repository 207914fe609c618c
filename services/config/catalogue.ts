import type { z } from 'zod';
import { type About, factsOf, type Origin, type Verdict } from './key.ts';
import { FileSchema } from './schema.ts';

/** A key of the configuration file, with everything known of it. */
export interface Entry extends Pick<About, 'note' | 'default' | 'example' | 'decide' | 'isText'> {
  /** The path, with `*` for any place in a list or any name in a mapping: `mirrors.*.url`. */
  readonly key: string;
  readonly from: Origin;
  readonly verdict: Verdict;
  readonly type: z.core.$ZodType;
}

type Def = { readonly type: string } & Readonly<Record<string, unknown>>;
type Type = z.core.$ZodType;

/** A type, then the ones that it wraps, down to the innermost. A value passes them from the inside out. */
export function layersOf(type: Type): Type[] {
  const def = defOf(type);
  // A preprocessing step is described by what follows it, a transformation by what precedes it.
  const pipe =
    def.type === 'pipe' && (defOf(def['in'] as Type).type === 'transform' ? def['out'] : def['in']);
  const inner = (def['innerType'] ?? (pipe || undefined)) as Type | undefined;
  return inner === undefined ? [type] : [type, ...layersOf(inner)];
}

/** The entries of a schema's keys, in its order. Sections have one only where a verdict covers all of them. */
export function entriesOf(schema: Type, key = '', inherited: Origin = '2.8, 3'): Entry[] {
  const layers = layersOf(schema);
  const facts: About = Object.assign({}, ...layers.toReversed().map(factsOf));
  const { from = inherited, verdict, note, example, decide, below = {} } = facts;
  const isText = facts.isText ?? isListOfText(layers.at(-1) ?? schema);
  const fallback = facts.default ?? defaultOf(layers);
  return [
    ...(verdict
      ? [
          {
            ...{ key, from, verdict, type: schema, note, default: fallback, example, decide },
            ...(isText && { isText }),
          } as Entry,
        ]
      : []),
    ...Object.entries(below)
      .sort()
      .flatMap(([origin, names]) =>
        names.split(' ').map((name) => ({
          ...{ key: `${key}.${name}`, from: origin as Origin, type: schema },
          verdict: verdict as Verdict,
        })),
      ),
    ...childrenOf(layers.at(-1) ?? schema).flatMap(([name, type]) =>
      entriesOf(type, [key, name].filter((part) => part !== '').join('.'), from),
    ),
  ];
}

function isListOfText(type: Type): boolean {
  const def = defOf(type);
  return def.type === 'array' && layersOf(def['element'] as Type).some((layer) => factsOf(layer).isText);
}

function childrenOf(type: Type): [name: string, type: Type][] {
  const def = defOf(type);
  switch (def.type) {
    case 'object':
      return Object.entries(def['shape'] as Record<string, Type>);
    case 'array':
      return [['*', def['element'] as Type]];
    case 'record':
      return [['*', def['valueType'] as Type]];
    case 'union':
      return (def['options'] as Type[]).map((option) => ['', option]);
    default:
      return [];
  }
}

function defaultOf(layers: readonly Type[]): unknown {
  const value = layers.map((layer) => defOf(layer)['defaultValue']).find((each) => each !== undefined);
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

function defOf(type: Type): Def {
  return type._zod.def as unknown as Def;
}

/**
 * Every key that Distribution 2.8 and 3 know, and every one of ours. `config check`, the refusals and the tables of
 * docs/configuration.md are made from it. Sources: configuration/configuration.go and the drivers' parameters in both
 * of Distribution's branches.
 */
export const CATALOGUE: readonly Entry[] = entriesOf(FileSchema);
