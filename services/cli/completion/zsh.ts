import type { DescribedArgument, DescribedCommand, DescribedOption, DescribedValue } from './describe.ts';
import { quote } from './quote.ts';

/** The completion script for zsh. */
export function zshCompletion(commands: readonly DescribedCommand[]): string {
  const paths = commands.map(({ path }) => quote(path)).join('|');
  return `#compdef roadstead
_roadstead() {
  local at=roadstead
  while (( CURRENT > 2 )); do
    case "$at $words[2]" in
      (${paths}) at="$at $words[2]"; shift words; (( CURRENT-- )) ;;
      (*) break ;;
    esac
  done
  case "$at" in
${commands.map(caseOf).join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _roadstead "$@"; else compdef _roadstead roadstead; fi
`;
}

function caseOf({ path, options, below, arguments: all }: DescribedCommand): string {
  const specs = options.flatMap(optionSpecs);
  const places = below.length > 0 ? [`1:command:((${below.map(choice).join(' ')}))`] : all.map(placeSpec);
  const lines = [...specs, ...places].map((spec) => `      ${quote(spec)}`);
  return `    (${quote(path)}) _arguments -S \\\n${lines.join(' \\\n')} ;;`;
}

function optionSpecs({ short, long, description, value }: DescribedOption): string[] {
  const flags = [short, long].filter((flag) => flag !== undefined);
  const text = `[${escaped(description)}]`;
  // The star: several may be repeated, and the rest does no harm.
  return flags.map((flag) => `*${flag}${text}${value ? `:${escaped(value.name)}:${actionOf(value)}` : ''}`);
}

function placeSpec(argument: DescribedArgument, at: number): string {
  return `${at + 1}:${escaped(argument.name)}:${actionOf(argument)}`;
}

function actionOf({ isFile, choices }: DescribedValue): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  // Not zsh's own "message only", with which options after it are listed but not inserted.
  return isFile ? '_files' : '{true}';
}

function choice({ name, description }: { name: string; description: string }): string {
  return `${name}\\:${JSON.stringify(description.replaceAll(/[`$"\\]/g, ''))}`;
}

/** For the places where a colon or a bracket ends the text. */
function escaped(text: string): string {
  return text.replaceAll(/[:[\]\\]/g, '\\$&');
}
