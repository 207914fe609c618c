import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { applyEnvironment, type Environment } from './environment.ts';
import { checkSafety } from './safety.ts';
import { type Config, ConfigSchema } from './schema.ts';

/** A configuration that cannot be used; the message names each key, its value, and what was expected. */
export class ConfigError extends Error {
  constructor(source: string, problems: readonly string[]) {
    super(`${source} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Reads, overrides, parses and checks a configuration file. Throws {@link ConfigError} with all problems at once. */
export async function loadConfig(path: string, environment: Environment): Promise<Config> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(path, [`${reason}: name a file, such as: roadstead serve infra/roadstead.yml`]);
  });
  return parseConfig(text, environment, path);
}

/** {@link loadConfig} for text at hand; `source` names it in errors. */
export function parseConfig(text: string, environment: Environment, source: string): Config {
  // Pretty errors would quote the lines around, and those may hold passwords.
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  if (document.errors.length > 0)
    throw new ConfigError(
      source,
      document.errors.map((error) => `line ${lines.linePos(error.pos[0]).line}: ${error.message}`),
    );
  const tree: unknown = document.toJS();
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    throw new ConfigError(source, [
      'expected a YAML mapping with "version: 0.1" and the sections storage and http',
    ]);
  const { used: overridden, problems } = applyEnvironment(tree as Record<string, unknown>, environment);
  if (problems.length > 0) throw new ConfigError(source, problems);
  const result = ConfigSchema.safeParse(tree);
  if (!result.success)
    throw new ConfigError(
      source,
      result.error.issues.flatMap((issue) => explain(issue, tree, overridden)),
    );
  const unsafe = checkSafety(result.data);
  if (unsafe.length > 0) throw new ConfigError(source, unsafe);
  return result.data;
}

function explain(issue: z.core.$ZodIssue, tree: unknown, overridden: Map<string, string>): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const path = [...issue.path, key].join('.');
      return `${path}: roadstead knows no such key${origin(path, overridden)}`;
    });
  const path = issue.path.join('.');
  const value = issue.path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined,
    tree,
  );
  const shown = value === undefined ? 'is missing' : `= ${shorten(path, value)}`;
  return [`${path} ${shown}: ${issue.message}${origin(path, overridden)}`];
}

function origin(path: string, overridden: Map<string, string>): string {
  for (const [key, variable] of overridden)
    if (path === key || path.startsWith(`${key}.`) || key.startsWith(`${path}.`))
      return ` (from ${variable})`;
  return '';
}

/** Values go into error messages, and those into logs: secrets do not. */
function shorten(path: string, value: unknown): string {
  if (/password|secret|key$/i.test(path)) return '(not shown)';
  const text = JSON.stringify(value, (key, inner: unknown) =>
    /password|secret/i.test(key) ? '(not shown)' : inner,
  ).replaceAll(/\/\/[^/@"]*@/g, '//(not shown)@');
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
