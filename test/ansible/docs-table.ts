import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/**
 * The tables of docs/ansible.md, made from the roles' specifications. Run by itself, this file writes them there:
 * `node test/ansible/docs-table.ts`.
 */

const DOCUMENT = new URL('../../docs/ansible.md', import.meta.url);
const ROLES = new URL('../../ansible/roles/', import.meta.url);
const BEGIN = '<!-- variables: written by test/ansible/docs-table.ts -->';
const END = '<!-- end of variables -->';

const Option = z.object({
  type: z.string(),
  description: z.string(),
  required: z.boolean().default(false),
  default: z.unknown().optional(),
  choices: z.array(z.string()).optional(),
});
const Specs = z.object({
  argument_specs: z.object({
    main: z.object({ short_description: z.string(), options: z.record(z.string(), Option) }),
  }),
});

/** A role, with its variables as its specification has them. */
export interface Role {
  readonly name: string;
  readonly description: string;
  readonly options: Readonly<Record<string, z.output<typeof Option>>>;
  /** What the role sets unless it is given. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** All roles of the collection. */
export function readRoles(): Role[] {
  const text = (name: string) => readFileSync(new URL(name, ROLES), 'utf8');
  return readdirSync(ROLES).map((name) => {
    const { main } = Specs.parse(
      parse(text(`${name}/meta/argument_specs.yml`), { merge: true }),
    ).argument_specs;
    const hasDefaults = readdirSync(new URL(name, ROLES)).includes('defaults');
    const defaults = hasDefaults ? parse(text(`${name}/defaults/main.yml`)) : {};
    return { name, description: main.short_description, options: main.options, defaults };
  });
}

/** The document's text, and its generated part. */
export function readDocument(): { text: string; tables: string } {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/ansible.md has lost ${BEGIN} or ${END}`);
  return { text, tables: text.slice(begin + BEGIN.length, end).trim() };
}

/** A table for each role that has variables of its own. */
export function writeTables(): string {
  return readRoles()
    .filter(({ options }) => Object.keys(options).length > 0)
    .map(({ name, description, options }) =>
      [
        ...[`### ${name}`, '', `${description}.`, ''],
        ...['| variable | type | default | meaning |', '|---|---|---|---|'],
        ...Object.entries(options).map(
          ([variable, option]) =>
            `| \`${variable}\` | ${typeOf(option)} | ${defaultOf(option)} | ${option.description.trim()} |`,
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

function typeOf({ type, choices }: Role['options'][string]): string {
  return choices ? choices.map((choice) => `\`${choice}\``).join(', ') : type;
}

function defaultOf({ required, default: standard }: Role['options'][string]): string {
  if (required) return '**required**';
  if (standard === undefined || standard === '') return '';
  if (typeof standard === 'string' && / /.test(standard) && !standard.includes('{')) return standard;
  return `\`${typeof standard === 'string' ? standard : JSON.stringify(standard)}\``;
}

if (import.meta.main) {
  const { text, tables } = readDocument();
  writeFileSync(
    DOCUMENT,
    text.replace(`${BEGIN}\n\n${tables}`, () => `${BEGIN}\n\n${writeTables()}`),
  );
}
