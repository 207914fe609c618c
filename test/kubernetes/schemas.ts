import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownDirectory } from '../support/go-programs.ts';
import { run } from '../support/process.ts';
import { findProgram } from '../support/programs.ts';

/** Kubernetes' own schemas of many versions, and a program that checks objects by them. */
const PACKAGE = 'kubernetes-validate==1.37.0';
const PROGRAM = 'kubernetes-validate';
const INSTALL_MS = 120_000;

/** The program, installed by pip and kept for later runs; where that cannot be, the reason. */
export async function openSchemas(): Promise<{ readonly program: string } | { readonly reason: string }> {
  const python = findProgram('python3');
  if (python === undefined) return { reason: `${PACKAGE} needs python3, which is not on this machine` };
  try {
    const kept = await ownDirectory('roadstead-kubernetes-validate');
    const packages = join(kept, '1.37.0');
    if (!existsSync(packages)) {
      const making = await mkdtemp(join(kept, 'making-'));
      const pip = [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--target',
        making,
        PACKAGE,
      ];
      await run(python, pip, { timeoutMs: INSTALL_MS });
      // Two runs may install at once; each puts a whole directory there.
      await rename(making, packages).catch(() => rm(making, { recursive: true, force: true }));
    }
    return { program: join(packages, 'bin', PROGRAM) };
  } catch (error) {
    return { reason: `${PACKAGE} cannot be had here: ${String(error).replaceAll(/\s+/g, ' ').slice(-300)}` };
  }
}

/** Checks objects by the schemas of a version, strictly: a key that Kubernetes does not know is an error. */
export async function validate(program: string, version: string, file: string): Promise<string> {
  const { code, stdout, stderr } = await run(program, ['--strict', '--quiet', '-k', version, file], {
    env: { PYTHONPATH: join(program, '../..') },
    allowFailure: true,
  });
  return code === 0 ? '' : `${stdout}${stderr}` || `exit code ${code}`;
}
