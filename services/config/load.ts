import { readFile } from '../files/settings-files.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import { asMeant } from './as-written.ts';
import { applyEnvironment, type Environment } from './environment.ts';
import { examine, type Setting } from './examine.ts';
import { explain, origin } from './explain.ts';
import { noticesOf } from './notices.ts';
import { checkSafety, warningsOf } from './safety.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { readTree, spellOut } from './yaml-tree.ts';

/** A configuration that cannot be used; the message names each key, its value, and what was expected. */
export class ConfigError extends OperatorError {
  /** The problems, a line each. */
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(`${source} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** Reads, overrides, parses and checks a configuration file. Throws {@link ConfigError} with all problems at once. */
export async function loadConfig(path: string, environment: Environment): Promise<Config> {
  return parseConfig(await readConfig(path), environment, path);
}

/** {@link loadConfig} for a text; `source` names it in errors. */
export function parseConfig(text: string, environment: Environment, source: string): Config {
  const { config, problems } = inspectConfig(text, environment);
  if (config === undefined) throw new ConfigError(source, problems);
  return config;
}

/** The text of a configuration file. Throws {@link ConfigError} when it cannot be read. */
export async function readConfig(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new ConfigError(path, [`it cannot be read (${reason}): name a file that this user may read`]);
  });
}

/** The result of checking a configuration. */
export interface Inspection {
  /** Undefined when the configuration cannot be used. */
  readonly config?: Config;
  /** The reasons, a line each. */
  readonly problems: readonly string[];
  /** Every setting of the file and of variables, with what it does here. */
  readonly settings: readonly (Setting & { readonly variable?: string })[];
  /** Warnings of the start, a line each. */
  readonly notices: readonly string[];
}

/** The result for a configuration whose settings could not be read. */
export function unread(problems: readonly string[]): Inspection {
  return { problems, settings: [], notices: [] };
}

/** Checks a configuration without using it. Never throws. */
export function inspectConfig(text: string, environment: Environment): Inspection {
  const read = readTree(text);
  if ('problems' in read) return unread(read.problems);
  spellOut(read.tree);
  const { used, problems: misplaced } = applyEnvironment(read.tree, environment);
  spellOut(read.tree);
  if (misplaced.length > 0) return unread(misplaced);
  const { settings: bare, problems: known, rest } = examine(asMeant(read.tree));
  const settings = bare.map((setting) => {
    const variable = origin(setting.path, used);
    return variable === undefined ? setting : { ...setting, variable };
  });
  const result = ConfigSchema.safeParse(rest);
  const refused = known.filter(({ isRefused }) => isRefused).map(({ path }) => path);
  const problems = [
    ...known.map(({ path, message }) => message + from(path, used)),
    ...(result.error?.issues ?? []).flatMap((issue) => {
      const explained = explain(issue, rest, refused);
      return explained === undefined ? [] : explained.message + from(explained.path, used);
    }),
  ];
  const notices = noticesOf(settings);
  if (!result.success) return { problems, settings, notices };
  const config: Config = { ...result.data, notices: [...notices, ...warningsOf(result.data)] };
  problems.push(...checkSafety(config));
  return { ...(problems.length === 0 && { config }), problems, settings, notices: config.notices };
}

function from(path: string, used: ReadonlyMap<string, string>): string {
  const variable = origin(path, used);
  return variable === undefined ? '' : ` (from ${variable})`;
}
