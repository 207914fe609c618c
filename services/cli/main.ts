#!/usr/bin/env -S node --max-semi-space-size=2
// MiB of new objects after which V8 collects young garbage: buffers of blobs are freed early (a quarter of a node's
// memory during pushes and pulls; test/cluster/memory.test.ts).
import './runtime-version.ts';
import '../files/threads.ts';
import { setFlagsFromString } from 'node:v8';
import { endProcess } from '../http/supervise.ts';
import { PARTS, type Part } from '../serve/parts.ts';
import { version } from '../serve/version.ts';
import { addAccessCommands } from './access-commands.ts';
import { refuseNoConfig, withGoSwitches } from './arguments.ts';
import { CliCommand } from './command.ts';
import { keepCompiledCode } from './compile-cache.ts';
import { addCredentialCommands } from './credential-commands.ts';
import { printFailure } from './print-failure.ts';
import { addRemoteCommands } from './remote-commands.ts';
import { addRobotCommands } from './robot-commands.ts';
import { addStoreCommands } from './store-commands.ts';

keepCompiledCode();

const program = new CliCommand('roadstead')
  .description('A container registry for distributing images at the scale of a Linux distribution')
  .version(version)
  .showHelpAfterError('(see --help)');

for (const [name, parts, description] of [
  ['serve', PARTS, 'run everything in one process'],
  ['api', ['api'], 'run an API node: the registry that clients talk to'],
  ['token', ['token'], 'run the token service: issues short-lived tokens that say who may do what'],
  ['release', ['release'], 'run the release service: promotions, publications, mirrors, status'],
  ['sync', ['sync'], 'run the sync worker: publishes to mirrors and watches them, delivers notifications'],
] as const)
  program
    .subcommand(name, description)
    .withConfig()
    .action((config: string) => run(config, parts));
addRemoteCommands(program);
addStoreCommands(program);
addRobotCommands(program);
addCredentialCommands(program);
addAccessCommands(program);

program.hook('preAction', (_, command) => refuseNoConfig(command));

try {
  const isCollection = process.argv[2] === 'garbage-collect';
  await program.parseAsync(isCollection ? withGoSwitches(process.argv) : process.argv);
  // The result is printed: a file system that hangs must not keep the command from ending.
  if (process.exitCode !== undefined) await endProcess(Number(process.exitCode));
} catch (error) {
  printFailure(error);
  // Do not wait for anything still open: the error is printed.
  await endProcess(1);
}

async function run(config: string, parts: readonly Part[]): Promise<void> {
  // Nobody waits for a worker: it collects its own garbage as soon as there is a tenth more, and stays below 200 MB over
  // 100,000 blobs (test/garbage/hundred-thousand.test.ts). A node would pay for that with every pull.
  if (parts.length === 1 && parts[0] === 'sync') setFlagsFromString('--heap-growing-percent=10');
  const { serve } = await import('../serve/serve.ts');
  await serve(config, parts);
}
