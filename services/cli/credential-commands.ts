import type { CliCommand } from './command.ts';

/** Commands of the credentials that people got by logging in with a browser. */
export function addCredentialCommands(program: CliCommand): void {
  const credentials = program.subcommand(
    'credentials',
    'credentials that people got by logging in with a browser: list and revoke them',
  );
  const load = () => import('./commands/credentials.ts');
  credentials
    .subcommand('list', 'show who has credentials, and until when')
    .withJson()
    .overStore('only-read', load, (code, { objects, options }) =>
      code.credentialsListCommand(objects, options),
    );
  credentials
    .subcommand('revoke', 'revoke all credentials of a user; existing tokens stay valid until they expire')
    .argument('<name>', 'such as alice')
    .overStore('write', load, (code, { objects, audit, argument }) =>
      code.credentialsRevokeCommand(objects, audit, argument),
    );
}
