import { join } from 'node:path';
import { run } from '../../support/process.ts';
import { findProgram } from '../../support/programs.ts';

/**
 * The specification's own suite. It is in no release of the specification yet, so a commit names it: one that the module
 * proxy keeps, by the version it keeps it under, since it looks for no other commit.
 */
const MODULE = 'github.com/opencontainers/distribution-spec/conformance';
const VERSION = 'v0.0.0-20260831232431-97274622c111';

/** Fetching and compiling it takes half a minute; where a proxy hangs, the tests must not. */
export const INSTALL_TIMEOUT_MS = 5 * 60_000;

/** The suite's program, or why it cannot be had. */
export type Installed = { readonly program: string } | { readonly reason: string };

/** Has Go fetch and compile the official suite into a directory, with the module proxy that this machine uses. */
export async function installOfficialSuite(directory: string): Promise<Installed> {
  const go = findProgram('go');
  if (go === undefined) return { reason: 'there is no Go on this machine' };
  const asked = `go install ${MODULE}@${VERSION}`;
  try {
    const { code, stderr, stdout } = await run(go, ['install', `${MODULE}@${VERSION}`], {
      env: { GOBIN: directory },
      cwd: directory,
      timeoutMs: INSTALL_TIMEOUT_MS,
      allowFailure: true,
    });
    if (code === 0) return { program: join(directory, 'conformance') };
    return { reason: `${asked}: ${lastWords(stderr || stdout)}` };
  } catch (error) {
    return { reason: `${asked}: ${lastWords(String(error))}` };
  }
}

/** The end of what a program wrote, on one line: Go tells the reason last. */
function lastWords(output: string): string {
  return output.trim().split(/\s+/).join(' ').slice(-500);
}
