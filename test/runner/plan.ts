import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PlannedSuite, SUITES, type Suite, type Tier } from './suites.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The suites of a tier with their files. */
export function suitesOf(tier: Tier): PlannedSuite[] {
  return planned(SUITES, filesThat(['test/**/*.test.ts'])).filter((suite) => suite.tier === tier);
}

/**
 * Divides test files among suites. A file that a suite names belongs to that suite, and to no other one whose pattern
 * matches it.
 */
export function planned(suites: readonly Suite[], files: readonly string[]): PlannedSuite[] {
  const named = new Set(suites.flatMap(({ files }) => files.filter((file) => !file.includes('*'))));
  return suites.map((suite) => ({
    ...suite,
    paths: filesThat(suite.files).filter(
      (path) => files.includes(path) && (suite.files.includes(path) || !named.has(path)),
    ),
  }));
}

function filesThat(patterns: readonly string[]): string[] {
  return globSync([...patterns], { cwd: ROOT }).sort();
}
