import type { Command } from 'commander';
import { DEFAULT_CONFIG, duration } from './arguments.ts';
import { withStore } from './with-store.ts';

/** Robots: the accounts of build systems, whose secrets this registry issues itself. */
export function addRobotCommands(program: Command): void {
  const robots = program
    .command('robots')
    .description('accounts of build systems: create, list, rotate and revoke them');
  const load = () => import('./commands/robots.ts');
  robots
    .command('create')
    .argument('<name>', 'such as ci; it logs in as robot+ci')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--group <name...>', 'groups that rules know it by', [])
    .option('--description <text>', 'what it is for')
    .option('--expires <duration>', 'how long its secret is good for, such as 720h', duration)
    .option('--json', 'answer in JSON', false)
    .description('make one, and show its secret, this once')
    .action(async (name: string, config: string, options) => {
      const { robotsCreateCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) =>
        robotsCreateCommand(objects, audit, name, options),
      );
    });
  robots
    .command('list')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option('--json', 'answer in JSON', false)
    .description('show all, those that were revoked, too')
    .action(async (config: string, options) => {
      const { robotsListCommand } = await load();
      await withStore(config, 'only-read', (objects) => robotsListCommand(objects, options));
    });
  robots
    .command('rotate')
    .argument('<name>', 'such as ci')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .option(
      '--keep-old <duration>',
      'how long the secrets that it had are still good, such as 1h',
      duration,
      0,
    )
    .option('--expires <duration>', 'how long the new one is good for; as long as the last one', duration)
    .option('--json', 'answer in JSON', false)
    .description('give it a new secret, and show that, this once')
    .action(async (name: string, config: string, options) => {
      const { robotsRotateCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) =>
        robotsRotateCommand(objects, audit, name, options),
      );
    });
  robots
    .command('revoke')
    .argument('<name>', 'such as ci')
    .argument('[config]', 'configuration file', DEFAULT_CONFIG)
    .description('end it; tokens that it has go on until they end')
    .action(async (name: string, config: string) => {
      const { robotsRevokeCommand } = await load();
      await withStore(config, 'write', (objects, _, audit) => robotsRevokeCommand(objects, audit, name));
    });
}
