import type { DescribedCommand, DescribedOption } from './describe.ts';

/** The completion script for fish. */
export function fishCompletion(commands: readonly DescribedCommand[]): string {
  const paths = commands.map(({ path }) => quoted(path)).join(' ');
  return `# fish completion for roadstead
function __roadstead_at
  set -l at roadstead
  for word in (commandline -opc)[2..]
    contains -- "$at $word" ${paths}; or break
    set at "$at $word"
  end
  test "$at" = "$argv"
end
complete -c roadstead -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, options, below, arguments: all }: DescribedCommand): string[] {
  const here = `complete -c roadstead -n ${quoted(`__roadstead_at ${path}`)}`;
  return [
    ...below.map(({ name, description }) => `${here} -a ${name} -d ${quoted(description)}`),
    ...all.flatMap(({ choices }) => choices).map((word) => `${here} -a ${word}`),
    ...(all.some(({ isFile }) => isFile) ? [`${here} -F`] : []),
    ...options.map((option) => `${here} ${optionWords(option)}`),
  ];
}

function optionWords({ short, long, description, value }: DescribedOption): string {
  const words = [
    ...(short ? ['-s', short.slice(1)] : []),
    ...(long ? ['-l', long.slice(2)] : []),
    ...(value ? [value.isFile ? '-rF' : '-x'] : []),
    ...(value && value.choices.length > 0 ? ['-a', quoted(value.choices.join(' '))] : []),
    ...['-d', quoted(description)],
  ];
  return words.join(' ');
}

/** Fish escapes a quote within quotes, unlike sh. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
