import { InvalidArgumentError } from 'commander';
import { WAIT_DEFAULT_MS } from '../registry/publishing/promotion/open.ts';
import { durationIn, gather, wholeNumber } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { addMirrorCommands } from './mirror-commands.ts';
import { ReleaseClient } from './release-client.ts';

/** A variable that is set but empty counts as not set. */
const DEFAULT_SERVER = process.env['ROADSTEAD_SERVER'] || 'http://127.0.0.1:5000';

/** Commands that talk to a release service over HTTP. */
export function addRemoteCommands(program: CliCommand): void {
  const remote = (name: string, description: string): CliCommand =>
    program
      .subcommand(name, description)
      .option('--server <url>', 'the release service; else ROADSTEAD_SERVER', serverUrl, DEFAULT_SERVER)
      .option(
        '--username <name>',
        'log in as this user, with ROADSTEAD_PASSWORD; default: the login that docker login stored',
      )
      .option('--cert <file>', 'a client certificate in PEM')
      .option('--key <file>', 'its key')
      .option('--cacert <file>', "a further authority that may have signed the service's certificate, in PEM")
      .withJson()
      .hook('preAction', async (command) => {
        const { cert: certificate, key, cacert } = command.opts();
        const { connectWith } = await import('./certificate.ts');
        await connectWith({ certificate, key, cacert });
      });

  remote('promote', 'promote an image into a stable repository')
    .argument('<source>', 'such as candidate/hello:1')
    .argument('<target>', 'such as hello:1')
    .option('--dry-run', 'verify and show what would be done', false)
    .option(
      '--replace-attached <tag>',
      'move this tag (sha256-….sig) of the target, although it names something else; may be repeated',
      gather,
      [],
    )
    .option(
      '--attach-to <digest>',
      'attach to this manifest, although another promotion brought it into the target; may be repeated',
      gather,
      [],
    )
    .option('--wait-mirrors <n>', 'move the tag only when this many mirrors hold the image', wholeNumber, 0)
    .option('--timeout <duration>', 'how long to wait for them (default: 10m)', durationIn('seconds'))
    .action(async (source: string, target: string, { timeout: timeoutMs = WAIT_DEFAULT_MS, ...options }) => {
      const { promoteCommand } = await import('./commands/promote.ts');
      await promoteCommand(clientOf(options), source, target, { ...options, timeoutMs });
    });
  remote('publications', 'show the publication log, newest first')
    .option('--limit <n>', 'show at most this many', wholeNumber, 20)
    .action(async (options) =>
      (await shows()).publicationsCommand(clientOf(options), options.limit, options.json),
    );
  const mirrors = remote('mirrors', "show every mirror's watermark, lag and health");
  mirrors.action(async (options) => (await shows()).mirrorsCommand(clientOf(options), options.json));
  addMirrorCommands(mirrors);
  remote('status', 'show everything at a glance (exit code 2 if something is wrong)').action(
    async (options) => (await shows()).statusCommand(clientOf(options), options.json),
  );
  remote('explain', 'explain which mirror a client is redirected to, and why')
    .argument('<repository>')
    .argument('<digest>', "the blob's digest")
    .option('--client <address>', "the client's IP address")
    .action(async (repository: string, digest: string, options) =>
      (await shows()).explainCommand(clientOf(options), repository, digest, options),
    );
}

function clientOf(options: { server: string; username?: string }): ReleaseClient {
  return new ReleaseClient(options.server, options.username);
}

function shows() {
  return import('./commands/show.ts');
}

function serverUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('expected a URL such as http://127.0.0.1:5000');
}
