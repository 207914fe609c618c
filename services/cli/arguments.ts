import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { DURATION_MAX, DURATION_MAX_MS, millisecondsOf } from '../config/duration.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';

/** The configuration file of a command that names none; Distribution's variable overrides it. */
export const DEFAULT_CONFIG = process.env['REGISTRY_CONFIGURATION_PATH'] || '/etc/roadstead/config.yml';

/** The configuration file in a clone of the repository. */
const EXAMPLE = 'infra/roadstead.yml';

/**
 * Throws if a command names no configuration file and the default one does not exist. A file in the current directory
 * is suggested, never used: it might belong to another store than the operator expects.
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
/** The values that Go's strconv.ParseBool accepts. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/**
 * The switches of `garbage-collect` in the forms that Distribution, a Go program, also accepts:
 * `--delete-untagged=true`, `-m=false`. A value that Go refuses is left for the command line parser to report.
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

/** Parses a duration on the command line, such as 90s or 720h, to milliseconds: from one to ten years. */
export function duration(text: string): number {
  const ms = durationOrZero(text);
  if (ms < 1) throw new InvalidArgumentError(DURATION);
  return ms;
}

/** {@link duration}, which may also be 0. */
export function durationOrZero(text: string): number {
  const ms = millisecondsOf(text);
  if (ms === undefined) throw new InvalidArgumentError(DURATION);
  return atMost(ms);
}

/** {@link durationOrZero}; a number without a unit has the unit that this option had before it accepted durations. */
export function durationIn(unit: 'minutes' | 'seconds'): (text: string) => number {
  const unitMs = unit === 'minutes' ? 60_000 : 1000;
  return (text) => (/^\d{1,9}$/.test(text) ? atMost(Number(text) * unitMs) : durationOrZero(text));
}

function atMost(ms: number): number {
  if (ms > DURATION_MAX_MS) throw new InvalidArgumentError(DURATION_MAX);
  return ms;
}

/** Gathers the values of an option that may be repeated; each takes one argument, and no more. */
export function gather(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
