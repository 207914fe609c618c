#!/usr/bin/env -S node --max-semi-space-size=2
// MiB of new objects after which V8 collects young garbage: buffers of blobs are freed early (a quarter of a node's
// memory during pushes and pulls; test/cluster/memory.test.ts).
import './runtime-version.ts';
import '../files/threads.ts';
import { setFlagsFromString } from 'node:v8';
import { endProcess } from '../http/supervise.ts';
import { OperatorError } from '../registry/runtime/operator-error.ts';
import type { Part } from '../serve/parts.ts';
import { withGoSwitches } from './arguments.ts';
import { keepCompiledCode } from './compile-cache.ts';
import { printFailure } from './print-failure.ts';
import { roadsteadCommand } from './program.ts';

keepCompiledCode();
let isService = false;

const program = roadsteadCommand(run);

try {
  const isCollection = process.argv[2] === 'garbage-collect';
  await program.parseAsync(isCollection ? withGoSwitches(process.argv) : process.argv);
  // The result is printed: a file system that hangs must not keep the command from ending.
  if (process.exitCode !== undefined) await endProcess(Number(process.exitCode));
} catch (error) {
  printFailure(error);
  // Do not wait for anything still open: the error is printed.
  await endProcess(exitCodeOf(error));
}

/** A service's own code: the service manager tries again unless the configuration is wrong. Commands fail with 1. */
function exitCodeOf(error: unknown): number {
  return isService && error instanceof OperatorError ? error.exitCode : 1;
}

async function run(config: string, parts: readonly Part[]): Promise<void> {
  isService = true;
  // Nobody waits for a worker: it collects its own garbage as soon as there is a tenth more, and stays below 200 MB over
  // 100,000 blobs (test/garbage/hundred-thousand.test.ts). A node would pay for that with every pull.
  if (parts.length === 1 && parts[0] === 'sync') setFlagsFromString('--heap-growing-percent=10');
  const { serve } = await import('../serve/serve.ts');
  await serve(config, parts);
}
