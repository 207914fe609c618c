import { ConfigError } from '../../config/config-error.ts';
import { judge, type LoadedConfig, loadSettings } from '../../config/load.ts';
import type { ReloadedKey } from '../../config/reloading.ts';
import { settingsChange } from '../../config/settings-change.ts';
import type { Part } from '../parts.ts';
import { fileProblems } from '../services.ts';

/** A configuration file as it is now, compared with what a process runs with. */
export interface FileChange extends LoadedConfig {
  readonly reloaded: readonly ReloadedKey[];
  readonly restart: readonly string[];
}

/**
 * Reads a configuration file and variables, and checks them as a start does. The configuration that it returns keeps the
 * running values of what needs a restart. Throws {@link ConfigError} if the file, or that mixture, cannot be used.
 */
export async function readChange(
  path: string,
  running: LoadedConfig,
  parts: readonly Part[],
): Promise<FileChange> {
  const next = await loadSettings(path, process.env);
  const problems = await fileProblems(next.config, parts);
  if (problems.length > 0) throw new ConfigError(path, problems);
  const { tree, reloaded, restart } = settingsChange(running.tree, next.tree);
  if (restart.length === 0) return { ...next, reloaded, restart };
  const mixed = judge(tree, []);
  if (mixed.config === undefined || mixed.problems.length > 0)
    throw new ConfigError(path, [
      `a restart is needed for ${restart.join(', ')}, and the rest cannot be taken over without that:`,
      ...mixed.problems,
    ]);
  return { config: { ...mixed.config, notices: next.config.notices }, tree, reloaded, restart };
}
