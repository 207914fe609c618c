import type { DescribedCommand } from '../../services/cli/completion/describe.ts';
import type { Release } from './release.ts';

/** A manual page: the name of its file, and its text in roff. */
export interface ManPage {
  readonly file: string;
  readonly text: string;
}

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  [
    'REGISTRY_…',
    'A variable for each key of the configuration file overrides it: REGISTRY_HTTP_ADDR is http.addr.',
  ],
  ['REGISTRY_CONFIGURATION_PATH', 'The configuration file of a command that names none.'],
  ['ROADSTEAD_SERVER', 'The release service that commands talk to, unless --server names one.'],
  ['ROADSTEAD_PASSWORD', 'The password of --username.'],
  ['NODE_OPTIONS', 'With --enable-source-maps, stacks in the log name files and lines of the sources.'],
];

/** A page of section 1 for each command, made from what the command's help says. */
export function manPages(commands: readonly DescribedCommand[], release: Release): ManPage[] {
  return commands.map((command) => ({
    file: `${pageOf(command.path)}.1`,
    text: `${page(command, commands, release).join('\n')}\n`,
  }));
}

function page(command: DescribedCommand, all: readonly DescribedCommand[], release: Release): string[] {
  const { path, description, usage, options, below } = command;
  const date = new Date(release.epochSeconds * 1000).toISOString().slice(0, 10);
  const isProgram = !path.includes(' ');
  return [
    `.TH ${roff(pageOf(path)).toUpperCase()} 1 ${date} "Roadstead ${roff(release.version)}" "Roadstead"`,
    '.SH NAME',
    `${roff(pageOf(path))} \\- ${roff(description)}`,
    '.SH SYNOPSIS',
    `.B ${roff(path)}`,
    roff(usage),
    ...section('ARGUMENTS', command.arguments, ({ name, description: text }) => entry(name, text)),
    ...section('COMMANDS', below, ({ name, description: text }) => entry(`${path} ${name}`, text)),
    ...section('OPTIONS', options, ({ flags, description: text, default: value }) =>
      entry(flags, value === undefined ? text : `${text} (default: ${value})`),
    ),
    ...(isProgram ? section('ENVIRONMENT', ENVIRONMENT, ([name, text]) => entry(name, text)) : []),
    ...(isProgram
      ? section(
          'FILES',
          [['/etc/roadstead/config.yml', 'the configuration file']],
          ([name = '', text = '']) => entry(name, text),
        )
      : []),
    '.SH SEE ALSO',
    seeAlso(command, all).join(',\n'),
  ];
}

function section<Item>(title: string, items: readonly Item[], lines: (item: Item) => string[]): string[] {
  return items.length === 0 ? [] : [`.SH ${title}`, ...items.flatMap(lines)];
}

function entry(term: string, text: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(text === '' ? term : text)];
}

/** The command above, and those right below. */
function seeAlso({ path, below }: DescribedCommand, all: readonly DescribedCommand[]): string[] {
  const above = path.split(' ').slice(0, -1).join(' ');
  const near = [...(above ? [above] : []), ...below.map(({ name }) => `${path} ${name}`)];
  const pages = all
    .filter((each) => near.includes(each.path))
    .map((each) => `\\fB${roff(pageOf(each.path))}\\fR(1)`);
  return [...pages, roff('https://github.com/roadstead/roadstead')];
}

function pageOf(path: string): string {
  return path.replaceAll(' ', '-');
}

/** Text as roff takes it: a backslash, hyphens that are typed, and characters that begin a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '\\&...')
    .replace(/^([.'])/, '\\&$1');
}
