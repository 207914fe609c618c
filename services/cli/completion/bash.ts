import type { DescribedCommand, DescribedOption } from './describe.ts';
import { quote } from './quote.ts';

/** Names of files, with spaces and slashes as bash itself would complete them. */
const FILES = 'compopt -o filenames 2>/dev/null; COMPREPLY=( $(compgen -f -- "$cur") )';

/** The completion script for bash. */
export function bashCompletion(commands: readonly DescribedCommand[]): string {
  const paths = commands.map(({ path }) => quote(path)).join('|');
  return `# bash completion for roadstead
_roadstead() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=roadstead i IFS=$'\\n'
  COMPREPLY=()
  for (( i = 1; i < COMP_CWORD; i++ )); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths}) at="$at \${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  case "$at" in
${commands.map(caseOf).join('\n')}
  esac
}
complete -F _roadstead roadstead
`;
}

function caseOf({ path, options, below, arguments: all }: DescribedCommand): string {
  const words = [...below.map(({ name }) => name), ...all.flatMap(({ choices }) => choices)];
  const flags = options.flatMap((option) => flagsOf(option));
  const others = all.some(({ isFile }) => isFile) ? FILES : wordsOf(words);
  return `    ${quote(path)})
      case "$prev" in
${options.flatMap(valueCase).join('\n')}
      esac
      if [[ $cur == -* ]]; then ${wordsOf(flags)}
      else ${others}; fi ;;`;
}

/** What may follow an option that takes a value: if nothing is known of it, nothing is proposed. */
function valueCase(option: DescribedOption): string[] {
  const { value } = option;
  if (value === undefined) return [];
  return [
    `        ${flagsOf(option).join('|')}) ${value.isFile ? FILES : wordsOf(value.choices)}; return ;;`,
  ];
}

function flagsOf({ short, long }: DescribedOption): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

function wordsOf(words: readonly string[]): string {
  return words.length === 0 ? ':' : `COMPREPLY=( $(compgen -W $'${words.join('\\n')}' -- "$cur") )`;
}
