import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RunResult, run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const CLI = join(import.meta.dirname, '../../services/cli/main.ts');

/** What a pod gives to its process. */
interface Pod {
  readonly files: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a shell script where a pod's process would be: with its files at their places, its variables, and a network of its
 * own. `roadstead` is the command line.
 */
export async function inPod({ files, env }: Pod, script: string): Promise<RunResult> {
  await using home = await tempDir('pod');
  for (const [path, text] of files) {
    await mkdir(dirname(join(home.path, path)), { recursive: true });
    await writeFile(join(home.path, path), text);
  }
  const enter = [
    'set -eu',
    'ip link set lo up',
    // The machine's own files are not there: only a path of the pod can be found.
    'for each in etc run var; do mkdir -p "$1/$each"; mount --bind "$1/$each" "/$each"; done',
    'roadstead() { "$2" "$3" "$@"; }'.replace('"$2" "$3"', `'${process.execPath}' '${CLI}'`),
    script,
  ];
  const namespaces = ['--mount', '--net', '--propagation', 'private'];
  return await run('unshare', [...namespaces, 'bash', '-c', enter.join('\n'), 'pod', home.path], {
    env: { ...env, HOME: home.path },
    allowFailure: true,
    timeoutMs: 60_000,
  });
}
