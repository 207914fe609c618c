#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command, InvalidArgumentError } from 'commander';
import type { Part } from '../serve/parts.ts';
import { version } from '../serve/version.ts';
import { ReleaseClient, ReleaseError } from './release-client.ts';

// Starting is most of what short commands do: keep what was compiled.
enableCompileCache();

/** A variable that is set but empty counts as not set. */
const DEFAULT_SERVER = process.env['ROADSTEAD_SERVER'] || 'http://127.0.0.1:5000';

const program = new Command('roadstead')
  .description('A container registry for distributing images at the scale of a Linux distribution')
  .version(version)
  .showHelpAfterError('(see --help)');

const ALL: readonly Part[] = ['api', 'release', 'sync'];
const DEFAULT_CONFIG = '/etc/roadstead/config.yml';

program
  .command('serve')
  .argument('[config]', 'configuration file', DEFAULT_CONFIG)
  .description('run everything in one process')
  .action((config: string) => run(config, ALL));
for (const [part, description] of [
  ['api', 'run an API node: the registry that clients talk to'],
  ['release', 'run the release service: promotions, publications, mirrors, status'],
  ['sync', 'run the sync worker: publishes to mirrors and watches them'],
] as const)
  program
    .command(part)
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description(description)
    .action((config: string) => run(config, [part]));

remote('promote', 'promote an image into a stable repository')
  .argument('<source>', 'such as candidate/hello:1')
  .argument('<target>', 'such as hello:1')
  .option('--dry-run', 'verify and show what would be done', false)
  .option('--wait-mirrors <n>', 'move the tag only when so many mirrors hold the image', wholeNumber, 0)
  .option('--timeout <seconds>', 'how long to wait for them', wholeNumber, 600)
  .action(async (source: string, target: string, options) => {
    const { promoteCommand } = await import('./commands/promote.ts');
    await promoteCommand(clientOf(options), source, target, {
      ...options,
      timeoutMs: options.timeout * 1000,
    });
  });
remote('publications', 'show the publication log, newest first')
  .option('--limit <n>', 'at most so many', wholeNumber, 20)
  .action(async (options) =>
    (await shows()).publicationsCommand(clientOf(options), options.limit, options.json),
  );
remote('mirrors', "show every mirror's watermark, lag and health").action(async (options) =>
  (await shows()).mirrorsCommand(clientOf(options), options.json),
);
remote('status', 'show everything at a glance; exits with 2 when something is wrong').action(
  async (options) => (await shows()).statusCommand(clientOf(options), options.json),
);
remote('explain', 'tell why a client would be sent where for a blob')
  .argument('<repository>')
  .argument('<digest>', "the blob's digest")
  .option('--client <address>', "the client's IP address")
  .action(async (repository: string, digest: string, options) =>
    (await shows()).explainCommand(clientOf(options), repository, digest, options),
  );

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}

/** A command that talks to the release service. */
function remote(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--server <url>', 'the release service', serverUrl, DEFAULT_SERVER)
    .option('--json', 'answer in JSON', false);
}

function clientOf(options: { server: string }): ReleaseClient {
  return new ReleaseClient(options.server);
}

function shows() {
  return import('./commands/show.ts');
}

async function run(config: string, parts: readonly Part[]): Promise<void> {
  const { serve } = await import('../serve/main.ts');
  await serve(config, parts);
}

function serverUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('expected a URL such as http://127.0.0.1:5000');
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

/** Errors that a person can act on are one message; a mistake of ours keeps its stack. */
function fail(error: unknown): void {
  const isOurs = error instanceof ReleaseError || (error instanceof Error && error.name === 'ConfigError');
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof ReleaseError && error.detail !== undefined)
    process.stderr.write(`${error.message}\n${JSON.stringify(error.detail, undefined, 2)}\n`);
  else if (isOurs || code === 'EADDRINUSE' || code === 'EACCES')
    process.stderr.write(`${(error as Error).message}\n`);
  else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  // Not waiting for what may still be open: the error has been told.
  process.exit(1);
}
