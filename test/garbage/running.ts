import { fileURLToPath } from 'node:url';
import type { GarbageCollectOptions } from '../../services/cli/commands/garbage-collect.ts';
import { type RunResult, run } from '../support/process.ts';

/** The program that collects. */
export const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

/** What a collection says that it deletes, or would. */
export interface Told {
  readonly manifests: readonly string[];
  readonly history: readonly string[];
  readonly referrers: readonly string[];
  readonly blobs: readonly string[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** Collects in a process of its own, to its end. */
export function collect(
  rootDirectory: string,
  options: Partial<GarbageCollectOptions> = {},
  { allowFailure = false } = {},
): Promise<RunResult> {
  return run(process.execPath, [PROGRAM, rootDirectory, '0', JSON.stringify(options)], { allowFailure });
}

/** Reads the lines of `--json`; the blobs in order, as a collection tells them in none (`DigestTable`). */
export function told({ stdout }: RunResult): Told {
  const lines = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, never>);
  const of = <T>(member: string) => lines.flatMap((line) => (line[member] ?? []) as readonly T[]);
  return {
    manifests: of<string>('manifests'),
    history: of<{ digest: string }>('history').map(({ digest }) => digest),
    referrers: of<{ digest: string }>('referrers').map(({ digest }) => digest),
    blobs: lines.flatMap((line) => (line['blob'] === undefined ? [] : [line['blob'] as string])).sort(),
    summary: (lines.at(-1)?.['summary'] ?? {}) as Record<string, unknown>,
  };
}
