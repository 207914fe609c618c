import { ConfigError } from '../../config/config-error.ts';
import { filesOf } from '../../config/files.ts';
import type { Verdict } from '../../config/key.ts';
import { type Inspection, inspectConfig, readConfig, unread } from '../../config/load.ts';
import { shown } from '../../config/redact.ts';
import { PARTS, type Part } from '../../serve/parts.ts';
import { print, printJson, table } from '../table.ts';

export interface ConfigCheckOptions {
  readonly json: boolean;
  /** The processes whose files are read; all unless given. */
  readonly part?: readonly Part[];
}

/**
 * Prints what every setting of a configuration file, and of the variables that override it, does here, without starting
 * anything. Reads the files that settings name. The exit code is 1 if the configuration cannot be used.
 */
export async function configCheckCommand(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  { json, part = PARTS }: ConfigCheckOptions,
): Promise<void> {
  const inspection = await withFiles(await inspect(path, environment), part);
  const usable = inspection.config !== undefined;
  if (json) printJson({ file: path, usable, ...described(inspection) }, 2);
  else show(path, inspection);
  if (!usable) process.exitCode = 1;
}

async function inspect(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Inspection> {
  try {
    return inspectConfig(await readConfig(path), environment);
  } catch (error) {
    if (error instanceof ConfigError) return unread(error.problems);
    throw error;
  }
}

/** Adds the problems that a start would find by opening the files that settings name. */
async function withFiles(inspection: Inspection, parts: readonly Part[]): Promise<Inspection> {
  const { config, ...rest } = inspection;
  if (config === undefined || filesOf(config).length === 0) return inspection;
  const { fileProblems } = await import('../../serve/services.ts');
  const problems = await fileProblems(config, parts);
  return problems.length === 0 ? inspection : { ...rest, problems };
}

function described({ settings, problems, notices }: Inspection) {
  return {
    problems,
    warnings: notices,
    settings: settings.map(({ path, value, isSection, verdict, variable }) => ({
      key: path,
      ...(!isSection && { value: shown(path, value) }),
      ...(variable !== undefined && { variable }),
      ...whatBecomes(path, verdict, problems),
    })),
  };
}

/** The verdict on a setting, or what is wrong with its value. */
function whatBecomes(path: string, { kind, text }: Verdict, problems: readonly string[]) {
  const wrong = problems.find((problem) => [' ', ':', '.'].some((next) => problem.startsWith(path + next)));
  return wrong === undefined || kind === 'refused' ? { does: kind, text } : { does: 'refused', text: wrong };
}

/** Shortens long values, so that the table stays readable. */
function clip(text: string): string {
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}

function show(path: string, inspection: Inspection): void {
  const { settings, problems, warnings } = described(inspection);
  const rows = settings.map(({ key, value, variable, does, text }) => [
    key,
    `${clip(value ?? '…')}${variable === undefined ? '' : ` (from ${variable})`}`,
    `${does}: ${text}`,
  ]);
  if (rows.length > 0) print(...table([['SETTING', 'VALUE', 'HERE'], ...rows]));
  for (const warning of warnings) print(`warning: ${warning}`);
  for (const problem of problems) print(`error: ${problem}`);
  print(`${path} ${problems.length === 0 ? 'can be used' : 'cannot be used'}`);
}
