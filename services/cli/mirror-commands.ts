import { InvalidArgumentError } from 'commander';
import { gather } from './arguments.ts';
import type { CliCommand } from './command.ts';

/** Adds what examines one mirror below `roadstead mirrors`, which shows all. */
export function addMirrorCommands(mirrors: CliCommand): void {
  mirrors
    .subcommand(
      'doctor',
      'check whether a mirror serves blobs as clients need them (exit code 2 if something is wrong)',
    )
    .argument('<url>', "the mirror's public URL", baseUrl)
    .option('--registry <url>', 'the release service: a blob of its publication log is the example', baseUrl)
    .option('--blob <digest>', 'a blob that the mirror holds, as the example; with --size')
    .option('--size <bytes>', 'its size', sizeInBytes)
    .option('--rootcas <file>', 'a further authority to trust, in PEM; may be repeated', gather, [])
    .withJson()
    .action(async (url: URL, options) => {
      refuseOptionsOf(mirrors);
      const { doctorCommand } = await import('./commands/doctor.ts');
      // Commander gives `--json` to the command above, which has it, too.
      await doctorCommand(url, { ...options, json: mirrors.opts()['json'] });
    });
}

/** Refuses options of `mirrors` that have no effect here: they are for its requests to the release service. */
function refuseOptionsOf(mirrors: CliCommand): void {
  const given = mirrors.options.find(
    (option) =>
      option.attributeName() !== 'json' && mirrors.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given) mirrors.error(`error: unknown option '${given.long}' for doctor`);
}

function baseUrl(text: string): URL {
  const url = URL.parse(text);
  const isBase = url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (!isBase || url.username !== '' || url.password !== '')
    throw new InvalidArgumentError(
      'expected a URL such as https://mirror.example.org, without a query or login',
    );
  return url;
}

function sizeInBytes(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a number of bytes');
  return Number(text);
}
