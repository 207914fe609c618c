import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';

/** Flags of mocha whose value is the next argument. */
const TAKES_VALUE =
  /^(?:-[fgjRrstu]|--(?:f?grep|jobs|reporter(?:-options?)?|require|slow|timeout|retries|ui))$/;

/** What the command line of the tests asks for. */
export interface NamedTests {
  /** Passed on to mocha as they are. */
  readonly flags: readonly string[];
  /** The test files to run, from the project's root; empty means all of them. */
  readonly files: readonly string[];
}

/**
 * Splits the arguments of `npm test` into mocha's flags and test files. A file may be a glob that the shell has left
 * alone. Throws for a name that matches no file, since mocha would then run every test instead.
 */
export function namedTests(args: readonly string[], root: string): NamedTests {
  const flags: string[] = [];
  const files: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg.startsWith('-') || TAKES_VALUE.test(args[index - 1] ?? '')) {
      flags.push(arg);
      continue;
    }
    const found = globSync(relative(root, resolve(arg)), { cwd: root }).sort();
    if (found.length === 0) throw new Error(`no test file matches ${arg}`);
    files.push(...found);
  }
  return { flags, files };
}
