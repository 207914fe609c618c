import { execute } from './execute.ts';

/** Kinds whose builder many machines lack, with its program. */
const BUILDERS: Readonly<Record<string, string>> = { rpm: 'rpmbuild' };

/**
 * The kinds of artifacts to make: what `--only` names, or all. Of all, those are left out, with a line for each, whose
 * builder this machine lacks. Throws for a kind that was asked for by name and is unknown or cannot be made here.
 */
export async function kindsToMake(
  all: readonly string[],
  only: string | undefined,
  report: (line: string) => void,
): Promise<string[]> {
  const kinds = only?.split(',') ?? all;
  const unknown = kinds.filter((kind) => !all.includes(kind));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; expected ${all.join(', ')}`);
  const made: string[] = [];
  for (const kind of kinds) {
    const builder = BUILDERS[kind];
    if (builder === undefined || (await isInstalled(builder))) made.push(kind);
    else if (only === undefined) report(`skipped ${kind}: ${builder} is not installed`);
    else throw new Error(`${kind}: ${builder} is not installed`);
  }
  return made;
}

async function isInstalled(program: string): Promise<boolean> {
  return execute(program, ['--version']).then(
    () => true,
    () => false,
  );
}
