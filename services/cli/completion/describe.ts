import type { Command, Option } from 'commander';

/** An option, as completion and manual pages need it. */
export interface DescribedOption {
  readonly short?: string | undefined;
  readonly long?: string | undefined;
  /** As in the help: `--limit <n>`. */
  readonly flags: string;
  readonly description: string;
  /** What its value is; undefined for a switch. */
  readonly value?: DescribedValue | undefined;
  readonly default?: string | undefined;
}

/** A value on the command line. */
export interface DescribedValue {
  /** As in the help: `file`. */
  readonly name: string;
  readonly isFile: boolean;
  readonly choices: readonly string[];
}

/** An argument of a command. */
export interface DescribedArgument extends DescribedValue {
  readonly description: string;
}

/** A command with all that may follow it. */
export interface DescribedCommand {
  /** From the program on: `roadstead mirrors doctor`. */
  readonly path: string;
  readonly description: string;
  readonly usage: string;
  readonly options: readonly DescribedOption[];
  readonly arguments: readonly DescribedArgument[];
  readonly below: readonly { readonly name: string; readonly description: string }[];
}

const FILES = ['config', 'file'];

/** A program and all commands below it, each before those below it. */
export function describeCommands(command: Command, above: readonly string[] = []): DescribedCommand[] {
  const names = [...above, command.name()];
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  return [
    {
      path: names.join(' '),
      description: command.description(),
      usage: command.usage(),
      options: help.visibleOptions(command).map(describeOption),
      arguments: command.registeredArguments.map((argument) => ({
        ...describeValue(argument.name(), argument.argChoices),
        description: argument.description,
      })),
      below: below.map((each) => ({ name: each.name(), description: each.description() })),
    },
    ...below.flatMap((each) => describeCommands(each, names)),
  ];
}

function describeOption(option: Option): DescribedOption {
  const [, valueName] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? [];
  const { short, long, flags, description, defaultValue } = option;
  return {
    ...{ short, long, flags, description },
    value: valueName === undefined ? undefined : describeValue(valueName, option.argChoices),
    default: ['string', 'number'].includes(typeof defaultValue) ? String(defaultValue) : undefined,
  };
}

function describeValue(name: string, choices: readonly string[] = []): DescribedValue {
  return { name, isFile: FILES.includes(name), choices };
}
