import { InvalidArgumentError } from 'commander';
import { isAddress } from '../registry/access/networks.ts';
import type { Membership } from '../registry/access/subject.ts';
import { DEFAULT_CONFIG, gather } from './arguments.ts';
import type { CliCommand } from './command.ts';

/** Commands about access rights; they read nothing but the configuration. */
export function addAccessCommands(program: CliCommand): void {
  const access = program.subcommand('access', 'who may do what, and why');
  access
    .subcommand('check', 'show whether a user may do something, and by which rule (exit code 2 if not)')
    .argument('<user>', 'anonymous, a name such as alice, or a robot such as robot+ci')
    .argument(
      '<action>',
      'pull, push, delete or promote; or catalog, view or administer, without a repository',
    )
    .argument('[repository]', 'such as alice/tool')
    .argument('[config]', `configuration file (default: "${DEFAULT_CONFIG}")`)
    .option('--group <name>', 'a group that their account is in; may be repeated', gather, [])
    .option(
      '--project <name[:role,role]>',
      'a project that they are in, with their roles; may be repeated',
      gatherProject,
      [],
    )
    .option('--address <ip>', 'the IP address that the request comes from', address)
    .withJson()
    .action(async (user: string, action: string, repository: string, config: string, options) => {
      const { accessCheckCommand } = await import('./commands/access-check.ts');
      await accessCheckCommand({ ...options, user, action, rest: [repository, config] });
    });
}

function gatherProject(text: string, before: readonly Membership[]): Membership[] {
  const [, project, roles = ''] = /^(.+?)(?::([^:]*))?$/.exec(text) ?? [];
  if (project === undefined) throw new InvalidArgumentError('expected a project such as alpha:member');
  return [...before, { project, roles: roles.split(',').filter((role) => role !== '') }];
}

function address(text: string): string {
  if (isAddress(text)) return text;
  throw new InvalidArgumentError('expected an IP address such as 192.0.2.7');
}
