import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { millisecondsOf } from '../config/duration.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';

/** Where the configuration is looked for when a command names no file; Distribution's variable is heeded. */
export const DEFAULT_CONFIG = process.env['REGISTRY_CONFIGURATION_PATH'] || '/etc/roadstead/config.yml';

/** What a clone of the repository has, for the first minute. */
const EXAMPLE = 'infra/roadstead.yml';

/**
 * Throws where a command names no configuration file and the usual one is not there. A file in the current directory is
 * proposed, never taken: another store would be looked at than the operator thinks.
 */
export function refuseNoConfig(command: Command): void {
  const at = command.registeredArguments.findIndex(({ defaultValue }) => defaultValue === DEFAULT_CONFIG);
  if (at < 0 || command.args[at] !== undefined || existsSync(DEFAULT_CONFIG)) return;
  const names: string[] = [];
  for (let each: Command | null = command; each; each = each.parent) names.unshift(each.name());
  const typed = [...names, ...command.args].join(' ');
  const proposed = existsSync(EXAMPLE) ? EXAMPLE : 'CONFIG';
  throw new OperatorError(
    `${typed}: there is no configuration at ${DEFAULT_CONFIG}: name a file, such as: ${typed} ${proposed}`,
  );
}

/** Parses a whole number on the command line. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

const GO_FLAG = /^(--(?:dry-run|delete-untagged|quiet)|-[dmq])=(.*)$/;
/** What Go's strconv.ParseBool takes. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/**
 * The switches of `garbage-collect` as Distribution, a Go program, takes them too: `--delete-untagged=true`, `-m=false`.
 * A value that Go would refuse stays for the command line's own complaint.
 */
export function withGoSwitches(argv: readonly string[]): string[] {
  return argv.flatMap((argument) => {
    const [, name, value = ''] = GO_FLAG.exec(argument) ?? [];
    if (name === undefined) return argument;
    if (TRUE.includes(value)) return name;
    return FALSE.includes(value) ? [] : argument;
  });
}

const DURATION = 'expected a duration such as 90s, 1h30m or 720h';

/** Parses a duration on the command line, such as 90s or 720h, to milliseconds; at least one. */
export function duration(text: string): number {
  const ms = durationOrZero(text);
  if (ms < 1) throw new InvalidArgumentError(DURATION);
  return ms;
}

/** {@link duration}, which may also be 0. */
export function durationOrZero(text: string): number {
  const ms = millisecondsOf(text);
  if (ms === undefined) throw new InvalidArgumentError(DURATION);
  return ms;
}

/** {@link durationOrZero}, where a number without a unit has the unit that this option had before it took durations. */
export function durationIn(unit: 'minutes' | 'seconds'): (text: string) => number {
  const unitMs = unit === 'minutes' ? 60_000 : 1000;
  return (text) => (/^\d{1,9}$/.test(text) ? Number(text) * unitMs : durationOrZero(text));
}
