import { readFile } from '../files/settings-files.ts';
import { asMeant } from './as-written.ts';
import { ConfigError } from './config-error.ts';
import { applyEnvironment, type Environment } from './environment.ts';
import { examine, type Setting } from './examine.ts';
import { explain, origin } from './explain.ts';
import { noticesOf } from './notices.ts';
import { checkSafety, warningsOf } from './safety.ts';
import { type Config, ConfigSchema } from './schema.ts';
import { readTree, spellOut } from './yaml-tree.ts';

/** Reads, overrides, parses and checks a configuration file. Throws {@link ConfigError} with all problems at once. */
export async function loadConfig(path: string, environment: Environment): Promise<Config> {
  return parseConfig(await readConfig(path), environment, path);
}

/** {@link loadConfig}, with the settings that a reload compares with. */
export async function loadSettings(path: string, environment: Environment): Promise<LoadedConfig> {
  const { config, problems, tree } = inspectConfig(await readConfig(path), environment);
  if (config === undefined) throw new ConfigError(path, problems);
  return { config, tree };
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
  /** The settings that count, as the file and variables have them: what a {@link SettingsChange} compares. */
  readonly tree?: unknown;
}

/** A configuration, and the settings that it was made of. */
export interface LoadedConfig {
  readonly config: Config;
  readonly tree: unknown;
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
  const refused = known.filter(({ isRefused }) => isRefused).map(({ path }) => path);
  const found = judge(rest, noticesOf(settings), { used, refused });
  const problems = [...known.map(({ path, message }) => message + from(path, used)), ...found.problems];
  const { config, notices } = found;
  return { ...(problems.length === 0 && config && { config }), problems, settings, notices, tree: rest };
}

/** Parses and checks settings that a file and variables gave; `notices` are those of the file. */
export function judge(
  tree: unknown,
  notices: readonly string[],
  { used, refused }: { readonly used: ReadonlyMap<string, string>; readonly refused: readonly string[] } = {
    ...{ used: new Map(), refused: [] },
  },
): Pick<Inspection, 'config' | 'problems' | 'notices'> {
  const result = ConfigSchema.safeParse(tree);
  if (!result.success) {
    const problems = result.error.issues.flatMap((issue) => {
      const explained = explain(issue, tree, refused);
      return explained === undefined ? [] : explained.message + from(explained.path, used);
    });
    return { problems, notices };
  }
  const config: Config = { ...result.data, notices: [...notices, ...warningsOf(result.data)] };
  return { config, problems: checkSafety(config), notices: config.notices };
}

function from(path: string, used: ReadonlyMap<string, string>): string {
  const variable = origin(path, used);
  return variable === undefined ? '' : ` (from ${variable})`;
}
